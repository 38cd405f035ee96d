package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import java.util.concurrent.TimeUnit;

/** Begins each try: numbers it and says in its head how much time is left. */
public final class TryLayer implements Layer {

  private final Ticker ticker;
  private final RouteMeters meters;

  public TryLayer(Ticker ticker, RouteMeters meters) {
    this.ticker = ticker;
    this.meters = meters;
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      exchange.beginTry();
      stamp(exchange);
      next.handle(exchange, new CountingConnectTimeouts(reply));
    };
  }

  private void stamp(Exchange exchange) {
    RequestHead request = exchange.request();
    request.headers().set(MeshHeaders.TRY, Integer.toString(exchange.tries()));
    if (exchange.deadlineNanos() == Exchange.NO_DEADLINE) {
      return;
    }
    long leftNanos = Math.max(1, exchange.deadlineNanos() - ticker.nanoTime());
    long leftMillis = Math.max(1, TimeUnit.NANOSECONDS.toMillis(leftNanos));
    request.headers().set(MeshHeaders.DEADLINE, Long.toString(leftMillis));
    if (request.grpc()) {
      request.headers().set(GrpcTimeout.FIELD, GrpcTimeout.format(leftNanos));
    }
  }

  private final class CountingConnectTimeouts implements Reply {

    private final Reply reply;

    CountingConnectTimeouts(Reply reply) {
      this.reply = reply;
    }

    @Override
    public void head(ResponseHead head) {
      reply.head(head);
    }

    @Override
    public void done(Outcome outcome) {
      if (outcome instanceof Outcome.Failed failed && failed.error() == MeshError.CONNECT_TIMEOUT) {
        meters.timedOut("connect");
      }
      reply.done(outcome);
    }
  }
}
