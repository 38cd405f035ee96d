package io.refmesh.proxy.tap;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.wire.v1.TapEvent;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ExchangeObserver;
import io.refmesh.proxy.telemetry.LongGauge;
import io.refmesh.proxy.telemetry.ObservedExchange;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Tells those who watch of the exchanges that they want to see. While nobody watches, an exchange
 * costs one look at an empty array. Safe on any thread.
 */
public final class Taps implements ExchangeObserver {

  /** A few people and tools; each costs every request. */
  private static final int TAPS_MAX = 8;

  private final Ticker ticker;
  private final InstantSource clock;
  private final Counter told;
  private final Counter missed;
  private final LongGauge watching;
  private final AtomicLong ids = new AtomicLong();
  private volatile Tap[] active = {};

  public Taps(Ticker ticker, InstantSource clock, ProxyMetrics metrics) {
    this.ticker = ticker;
    this.clock = clock;
    told = metrics.counter(ProxyMetric.TAP_REQUESTS_TOTAL, "told");
    watching = metrics.gauge(ProxyMetric.TAP_WATCHING);
    missed = metrics.counter(ProxyMetric.TAP_REQUESTS_TOTAL, "missed");
  }

  /** False when too many watch already. */
  synchronized boolean add(Tap tap) {
    if (active.length >= TAPS_MAX) {
      return false;
    }
    Tap[] more = Arrays.copyOf(active, active.length + 1);
    more[active.length] = tap;
    active = more;
    watching.set(more.length);
    return true;
  }

  /** It is told nothing more of new requests. */
  synchronized void remove(Tap tap) {
    active = Arrays.stream(active).filter(one -> one != tap).toArray(Tap[]::new);
    watching.set(active.length);
  }

  /** What is told of one exchange, and to whom. On the exchange's event loop. */
  private static final class Watched {
    final long id;
    final List<Tap> telling = new ArrayList<>(1);
    final List<Tap> waiting = new ArrayList<>(1);

    Watched(long id) {
      this.id = id;
    }
  }

  @Override
  public void requested(ObservedExchange exchange) {
    Tap[] taps = active;
    if (taps.length == 0) {
      return;
    }
    Watched watched = new Watched(ids.incrementAndGet());
    for (Tap tap : taps) {
      if (tap.filter.matchesRequest(exchange)) {
        if (tap.filter.needsResponse(exchange)) {
          watched.waiting.add(tap);
        } else {
          begin(tap, watched, exchange);
        }
      }
    }
    if (!watched.telling.isEmpty() || !watched.waiting.isEmpty()) {
      exchange.mark(watched);
    }
  }

  @Override
  public void responded(ObservedExchange exchange, ResponseHead head) {
    if (exchange.mark() instanceof Watched watched) {
      admitWaiting(watched, exchange, head.status());
      for (Tap tap : watched.telling) {
        tap.tell(
            TapEvent.newBuilder()
                .setId(watched.id)
                .setResponse(TapEvents.response(exchange, head.headers(), tap.redaction)));
      }
    }
  }

  @Override
  public void ended(ObservedExchange exchange) {
    if (exchange.mark() instanceof Watched watched) {
      if (exchange.status() == 0) {
        String status = exchange.ending().status();
        admitWaiting(watched, exchange, status.isEmpty() ? 0 : Integer.parseInt(status));
      }
      for (Tap tap : watched.telling) {
        tap.tell(TapEvent.newBuilder().setId(watched.id).setEnd(TapEvents.end(exchange)));
      }
    }
  }

  private void admitWaiting(Watched watched, ObservedExchange exchange, int status) {
    for (Tap tap : watched.waiting) {
      if (tap.filter.matchesResponse(exchange, status)) {
        begin(tap, watched, exchange);
      }
    }
    watched.waiting.clear();
  }

  private void begin(Tap tap, Watched watched, ObservedExchange exchange) {
    if (!tap.admit(ticker.nanoTime())) {
      missed.increment();
      return;
    }
    told.increment();
    watched.telling.add(tap);
    tap.tell(
        TapEvent.newBuilder()
            .setId(watched.id)
            .setRequest(TapEvents.request(exchange, clock.instant(), tap.redaction)));
  }
}
