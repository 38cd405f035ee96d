package io.refmesh.proxy.route;

import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.RequestHead;
import org.jspecify.annotations.Nullable;

/** Changes host and path of a request on its way. */
public final class RewriteLayer implements Layer {

  private final RouteFilter.Rewrite rewrite;
  private final @Nullable PathRewrite path;

  /**
   * @param match the rule's
   */
  public RewriteLayer(RouteFilter.Rewrite rewrite, PathMatch match) {
    this.rewrite = rewrite;
    path = rewrite.path().map(change -> new PathRewrite(change, match)).orElse(null);
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      RequestHead request = exchange.request();
      exchange.request(
          request.withTarget(
              rewrite.hostname().orElse(request.authority()),
              path == null ? request.path() : path.apply(request.path())));
      next.handle(exchange, reply);
    };
  }
}
