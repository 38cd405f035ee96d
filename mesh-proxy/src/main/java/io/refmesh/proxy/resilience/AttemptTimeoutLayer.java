package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Future;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Ends a try, the last one too, that has no response head in time; another may follow. */
public final class AttemptTimeoutLayer implements Layer {

  private final Duration perTry;
  private final RouteMeters meters;

  /**
   * @param perTry above zero
   */
  public AttemptTimeoutLayer(Duration perTry, RouteMeters meters) {
    this.perTry = perTry;
    this.meters = meters;
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> new Timed(exchange, reply).begin(next);
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
      timer = exchange.loop().schedule(this::fire, perTry.toNanos(), TimeUnit.NANOSECONDS);
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
