package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Future;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends a try that has no response head in time; another may follow. The last try that a retry
 * policy permits is given all the time that the request has left: ending it would only turn an
 * answer that may still come into a failure.
 */
public final class AttemptTimeoutLayer implements Layer {

  private final Duration perTry;
  private final RouteMeters meters;
  private final int spared;

  /**
   * @param perTry above zero
   * @param retry which failures are tried again; a timeout of a try that is none of them ends every
   *     try
   */
  public AttemptTimeoutLayer(Duration perTry, Optional<RetrySettings> retry, RouteMeters meters) {
    this.perTry = perTry;
    spared =
        retry
            .filter(settings -> settings.attempts() > 0)
            .filter(settings -> settings.on().stream().anyMatch(AttemptTimeoutLayer::afterTimeout))
            .map(settings -> settings.attempts() + 1)
            .orElse(Integer.MAX_VALUE);
    this.meters = meters;
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> new Timed(exchange, reply).begin(next);
  }

  private static boolean afterTimeout(RetryCondition condition) {
    return switch (condition) {
      case RetryCondition.PerTryTimeout c -> true;
      case RetryCondition.Status(int from, int to) ->
          from <= MeshError.TRY_TIMEOUT.httpStatus() && MeshError.TRY_TIMEOUT.httpStatus() <= to;
      case RetryCondition.GrpcStatus(int code) -> code == MeshError.TRY_TIMEOUT.grpcStatus();
      case RetryCondition.ConnectFailure c -> false;
      case RetryCondition.Reset c -> false;
      case RetryCondition.RefusedStream c -> false;
    };
  }

  private final class Timed implements Reply {

    private final Exchange exchange;
    private final Reply reply;
    private @Nullable Future<?> timer;

    Timed(Exchange exchange, Reply reply) {
      this.exchange = exchange;
      this.reply = reply;
    }

    void begin(HttpService next) {
      boolean last = exchange.tries() >= spared && exchange.deadlineNanos() != Exchange.NO_DEADLINE;
      if (!last) {
        timer = exchange.loop().schedule(this::fire, perTry.toNanos(), TimeUnit.NANOSECONDS);
      }
      next.handle(exchange, this);
    }

    @Override
    public void head(ResponseHead head) {
      if (!head.informational()) {
        disarm();
      }
      reply.head(head);
    }

    @Override
    public void done(Outcome outcome) {
      disarm();
      reply.done(outcome);
    }

    private void fire() {
      if (timer == null) {
        return;
      }
      timer = null;
      meters.timedOut("try");
      EndpointSpec endpoint = exchange.endpoint();
      String from = endpoint == null ? "any endpoint" : endpoint.address().toString();
      exchange.cancelTry(
          new Outcome.Failed(
              MeshError.TRY_TIMEOUT,
              "no response head from " + from + " within " + perTry.toMillis() + " ms",
              Progress.SENT));
    }

    private void disarm() {
      if (timer != null) {
        timer.cancel(false);
        timer = null;
      }
    }
  }
}
