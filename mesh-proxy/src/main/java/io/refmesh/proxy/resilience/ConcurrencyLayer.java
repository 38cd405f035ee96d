package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;

/** Refuses at once what is beyond the limit on tries at one service. */
public final class ConcurrencyLayer implements Layer {

  private static final int SERVER_ERROR = 500;

  private final ConcurrencyLimit limit;
  private final Ticker ticker;
  private final String service;
  private final Counter written;
  private final Counter adaptive;

  public ConcurrencyLayer(
      ServicePort service, ConcurrencyLimit limit, Ticker ticker, ProxyMetrics metrics) {
    this.limit = limit;
    this.ticker = ticker;
    this.service = service.namespace() + "/" + service.service() + ":" + service.port();
    written = metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "inFlight");
    adaptive = metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "adaptive");
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      if (limit.tryBegin()) {
        next.handle(exchange, new Counted(reply, ticker.nanoTime()));
      } else {
        refuse(exchange, reply);
      }
    };
  }

  private void refuse(Exchange exchange, Reply reply) {
    exchange.backend(service);
    String binding = limit.binding();
    (binding.equals("adaptive") ? adaptive : written).increment();
    reply.done(
        Outcome.Failed.before(
            MeshError.OVERLOADED,
            service
                + ": "
                + limit.limit()
                + " requests of this proxy are under way there, and no more may be ("
                + binding
                + ")"));
  }

  /**
   * One try under way. The time to its response head is what the adaptive limit learns from: a body
   * may be a stream that lasts for hours, and a failure that comes fast says nothing about load.
   */
  private final class Counted implements Reply {

    private final Reply reply;
    private final long startNanos;
    private boolean answered;

    Counted(Reply reply, long startNanos) {
      this.reply = reply;
      this.startNanos = startNanos;
    }

    @Override
    public void head(ResponseHead head) {
      if (!head.informational() && !answered) {
        answered = true;
        if (head.status() < SERVER_ERROR) {
          limit.sample(startNanos, ticker.nanoTime());
        }
      }
      reply.head(head);
    }

    @Override
    public void done(Outcome outcome) {
      if (!answered && outcome instanceof Outcome.Failed failed && tookTooLong(failed.error())) {
        limit.sample(startNanos, ticker.nanoTime());
      }
      limit.end();
      reply.done(outcome);
    }
  }

  private static boolean tookTooLong(MeshError error) {
    return error == MeshError.REQUEST_TIMEOUT
        || error == MeshError.TRY_TIMEOUT
        || error == MeshError.CONNECT_TIMEOUT;
  }
}
