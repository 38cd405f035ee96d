package io.refmesh.proxy.route;

import io.refmesh.model.route.RouteFilter;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;

/** Changes the fields of requests, or of the answers to them. */
public final class HeaderLayer {

  private HeaderLayer() {}

  public static Layer onRequests(RouteFilter.RequestHeaders filter) {
    HeaderChange change = new HeaderChange(filter.set(), filter.add(), filter.remove());
    return next ->
        (exchange, reply) -> {
          change.apply(exchange.request().headers());
          String host = filter.set().get("host");
          if (host != null) {
            // Host is not a field of the head but its authority.
            RequestHead request = exchange.request();
            request.headers().remove("host");
            exchange.request(request.withTarget(host, request.path()));
          }
          next.handle(exchange, reply);
        };
  }

  /** Errors that the mesh makes itself are not changed. */
  public static Layer onResponses(RouteFilter.ResponseHeaders filter) {
    HeaderChange change = new HeaderChange(filter.set(), filter.add(), filter.remove());
    return (HttpService next) ->
        (exchange, reply) ->
            next.handle(
                exchange,
                new Reply() {
                  @Override
                  public void head(ResponseHead head) {
                    if (!head.informational()) {
                      change.apply(head.headers());
                    }
                    reply.head(head);
                  }

                  @Override
                  public void done(Outcome outcome) {
                    reply.done(outcome);
                  }
                });
  }
}
