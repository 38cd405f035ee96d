package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.detect.DetectHandler;
import io.refmesh.proxy.http.server.Drain;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The end of a proxy that loses nothing, on a loop without traffic:
 *
 * <ol>
 *   <li>the proxy is not ready any more; connections are still taken until peers have seen that;
 *   <li>no more connections to the application; HTTP connections are told to finish (GOAWAY, {@code
 *       connection: close});
 *   <li>when the last inbound connection is closed, the same for the application's own calls;
 *   <li>over when none is left, or at the timeout.
 * </ol>
 */
final class Draining {

  private static final Logger LOG = Logger.getLogger(Draining.class.getName());

  /**
   * How often the connections left are counted, and told again: one may have become HTTP meanwhile.
   */
  private static final long LOOK_MILLIS = 50;

  /** A connection without a byte is closed after this long, as an idle HTTP/1 connection is. */
  private static final Duration SILENT = Duration.ofSeconds(1);

  private final ProxyConfig config;
  private final Listeners listeners;
  private final ChannelGroup inbound;
  private final ChannelGroup outbound;
  private final EventLoop timers;
  private final Ticker ticker;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CompletableFuture<Void> over = new CompletableFuture<>();
  private long begunNanos;
  private long announcedNanos;
  private boolean inboundOver;

  Draining(
      ProxyConfig config,
      Listeners listeners,
      ChannelGroup inbound,
      ChannelGroup outbound,
      EventLoop timers,
      Ticker ticker) {
    this.config = config;
    this.listeners = listeners;
    this.inbound = inbound;
    this.outbound = outbound;
    this.timers = timers;
    this.ticker = ticker;
  }

  /** From any thread; the second time nothing happens. */
  CompletionStage<Void> begin() {
    if (begun.compareAndSet(false, true)) {
      LOG.log(
          Level.INFO,
          "draining: announce_ms={0} timeout_ms={1}",
          new Object[] {
            Long.toString(config.drainAnnounce().toMillis()),
            Long.toString(config.drainTimeout().toMillis())
          });
      begunNanos = ticker.nanoTime();
      timers.schedule(this::announced, config.drainAnnounce().toMillis(), TimeUnit.MILLISECONDS);
    }
    return over;
  }

  /** Completes when the drain is over. */
  CompletionStage<Void> over() {
    return over;
  }

  boolean begun() {
    return begun.get();
  }

  private void announced() {
    announcedNanos = ticker.nanoTime();
    listeners.closeInbound();
    look();
  }

  private void look() {
    long now = ticker.nanoTime();
    if (now - begunNanos >= config.drainTimeout().toNanos()) {
      LOG.log(
          Level.WARNING,
          "drain timed out: inbound={0} outbound={1} connections are cut",
          new Object[] {Integer.toString(inbound.size()), Integer.toString(outbound.size())});
      end();
      return;
    }
    tell(inbound, now);
    if (!inboundOver && inbound.isEmpty()) {
      inboundOver = true;
      announcedNanos = now;
      listeners.close();
    }
    if (inboundOver) {
      tell(outbound, now);
      if (outbound.isEmpty()) {
        end();
        return;
      }
    }
    timers.schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void tell(ChannelGroup connections, long now) {
    boolean silentLongEnough = now - announcedNanos >= SILENT.toNanos();
    for (Channel channel : connections) {
      channel
          .eventLoop()
          .execute(() -> {
            DetectHandler detecting = channel.pipeline().get(DetectHandler.class);
            if (detecting == null) {
              channel.pipeline().fireUserEventTriggered(Drain.EVENT);
            } else if (silentLongEnough && detecting.silent()) {
              channel.close();
            }
          });
    }
  }

  private void end() {
    LOG.log(
        Level.INFO,
        "drained: after_ms={0}",
        Long.toString(TimeUnit.NANOSECONDS.toMillis(ticker.nanoTime() - begunNanos)));
    over.complete(null);
  }
}
