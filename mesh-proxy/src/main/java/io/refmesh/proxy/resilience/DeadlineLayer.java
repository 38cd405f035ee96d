package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends an exchange that takes longer than it may, all tries and the last byte of the answer
 * included, or whose bodies pause for too long.
 *
 * <p>The time is the shorter of the policy's and of what the caller says: {@code x-mesh-deadline}
 * of a sidecar, which has looked at {@code grpc-timeout} already, or else {@code grpc-timeout}. A
 * connection that has become a tunnel (101, CONNECT) may take as long as it likes, if its bytes do
 * not pause for too long.
 */
public final class DeadlineLayer implements Layer {

  /** Pauses are looked for this often per idle timeout; so late may one be noticed. */
  private static final int LOOKS_PER_IDLE = 4;

  private final long requestNanos;
  private final long idleNanos;
  private final Ticker ticker;
  private final RouteMeters meters;

  public DeadlineLayer(Timeouts timeouts, Ticker ticker, RouteMeters meters) {
    requestNanos = timeouts.request().toNanos();
    idleNanos = timeouts.idle().toNanos();
    this.ticker = ticker;
    this.meters = meters;
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> new Timed(exchange, reply).begin(next);
  }

  /** One exchange against the clock. One timer serves both limits. */
  private final class Timed implements Reply {

    private final Exchange exchange;
    private final Reply reply;
    private final BodyPipe requestBody;
    private @Nullable BodyPipe responseBody;
    private @Nullable Future<?> timer;
    private long movedNanos;
    private int moves;
    private boolean looksForPauses;
    private boolean headSent;
    private boolean tunnel;
    private boolean over;

    Timed(Exchange exchange, Reply reply) {
      this.exchange = exchange;
      this.reply = reply;
      requestBody = exchange.body();
    }

    void begin(HttpService next) {
      long now = ticker.nanoTime();
      movedNanos = now;
      long limitNanos = limitNanos(exchange.request());
      if (limitNanos > 0) {
        long deadline = exchange.startNanos() + limitNanos;
        if (exchange.deadlineNanos() != Exchange.NO_DEADLINE
            && exchange.deadlineNanos() - deadline < 0) {
          deadline = exchange.deadlineNanos();
        }
        exchange.deadlineNanos(deadline);
      }
      if (exchange.deadlineNanos() != Exchange.NO_DEADLINE && exchange.deadlineNanos() - now <= 0) {
        meters.timedOut("request");
        reply.done(Outcome.Failed.before(MeshError.REQUEST_TIMEOUT, "the deadline had passed"));
        return;
      }
      arm(now);
      next.handle(exchange, this);
    }

    @Override
    public void head(ResponseHead head) {
      if (!head.informational()) {
        headSent = true;
        tunnel = exchange.request().tunnelAfter(head.status());
        if (tunnel) {
          exchange.deadlineNanos(Exchange.NO_DEADLINE);
          responseBody = head.body();
          movedNanos = ticker.nanoTime();
          disarm();
          arm(movedNanos);
        } else if (!head.endOfStream()) {
          responseBody = head.body();
          movedNanos = ticker.nanoTime();
          if (idleNanos > 0 && !looksForPauses) {
            disarm();
            arm(movedNanos);
          }
        }
      }
      reply.head(head);
    }

    @Override
    public void done(Outcome outcome) {
      over = true;
      disarm();
      reply.done(outcome);
    }

    private void arm(long now) {
      long wait = Long.MAX_VALUE;
      if (exchange.deadlineNanos() != Exchange.NO_DEADLINE) {
        wait = exchange.deadlineNanos() - now;
      }
      looksForPauses = idleNanos > 0 && waitsForBytes();
      if (looksForPauses) {
        wait = Math.min(wait, Math.max(1, idleNanos / LOOKS_PER_IDLE));
      }
      if (wait != Long.MAX_VALUE) {
        timer = exchange.loop().schedule(this::look, Math.max(0, wait), TimeUnit.NANOSECONDS);
      }
    }

    private void disarm() {
      if (timer != null) {
        timer.cancel(false);
        timer = null;
      }
    }

    private void look() {
      timer = null;
      if (over) {
        return;
      }
      long now = ticker.nanoTime();
      if (exchange.deadlineNanos() != Exchange.NO_DEADLINE && exchange.deadlineNanos() - now <= 0) {
        meters.timedOut("request");
        exchange.cancel(
            new Outcome.Failed(
                MeshError.REQUEST_TIMEOUT,
                "no complete answer within "
                    + text(exchange.deadlineNanos() - exchange.startNanos()),
                progress()));
        return;
      }
      int before = moves;
      moves = requestBody.moves() + (responseBody == null ? 0 : responseBody.moves());
      if (moves != before || !waitsForBytes()) {
        movedNanos = now;
      } else if (idleNanos > 0 && now - movedNanos >= idleNanos) {
        meters.timedOut("idle");
        exchange.cancel(
            new Outcome.Failed(
                MeshError.IDLE_TIMEOUT, "no byte moved for " + text(idleNanos), progress()));
        return;
      }
      arm(now);
    }

    /**
     * Between the end of the request and the response head nothing is to move, and nothing into a
     * tunnel that is not open.
     */
    private boolean waitsForBytes() {
      boolean sending = !requestBody.over() && (tunnel || !exchange.request().opensTunnel());
      return sending || (responseBody != null && !responseBody.over());
    }

    private Progress progress() {
      return headSent ? Progress.HEAD_RECEIVED : Progress.SENT;
    }
  }

  /** 0 for none. */
  private long limitNanos(RequestHead request) {
    long limit = requestNanos == 0 ? Long.MAX_VALUE : requestNanos;
    CharSequence deadline = request.headers().getAndRemove(MeshHeaders.DEADLINE);
    long millis = deadline == null ? -1 : millis(deadline);
    if (millis >= 0) {
      limit = Math.min(limit, TimeUnit.MILLISECONDS.toNanos(millis));
    } else if (request.grpc()) {
      CharSequence timeout = request.headers().get(GrpcTimeout.FIELD);
      long nanos = timeout == null ? -1 : GrpcTimeout.parse(timeout);
      if (nanos >= 0) {
        limit = Math.min(limit, nanos);
      }
    }
    return limit == Long.MAX_VALUE ? 0 : Math.max(1, limit);
  }

  /** -1 when it cannot be read. */
  private static long millis(CharSequence text) {
    try {
      return Long.parseLong(text, 0, text.length(), 10);
    } catch (NumberFormatException e) {
      // Only another proxy can have written it; one that we cannot read limits nothing.
      return -1;
    }
  }

  private static String text(long nanos) {
    return Duration.ofNanos(nanos).toMillis() + " ms";
  }
}
