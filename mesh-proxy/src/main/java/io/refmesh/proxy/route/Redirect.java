package io.refmesh.proxy.route;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import org.jspecify.annotations.Nullable;

/** Answers with a redirect; nothing is called. */
public final class Redirect implements HttpService {

  private final RouteFilter.Redirect redirect;
  private final @Nullable PathRewrite path;

  /**
   * @param match the rule's
   */
  public Redirect(RouteFilter.Redirect redirect, PathMatch match) {
    this.redirect = redirect;
    path = redirect.path().map(change -> new PathRewrite(change, match)).orElse(null);
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    Http2Headers headers = new DefaultHttp2Headers(false);
    headers.set("location", location(exchange.request()));
    headers.set("content-length", "0");
    reply.head(new ResponseHead(redirect.status(), headers, BodyPipe.empty(), true));
    reply.done(new Outcome.Answered(redirect.status(), -1));
  }

  /** Without a port in the filter: the scheme's own if the scheme changes, else the request's. */
  private String location(RequestHead request) {
    String scheme = redirect.scheme().orElse(request.scheme());
    String authority = request.authority();
    String host = authority;
    String port = "";
    int colon = authority.lastIndexOf(':');
    if (colon >= 0 && authority.indexOf(']', colon) < 0) {
      host = authority.substring(0, colon);
      port = authority.substring(colon + 1);
    }
    if (redirect.port().isPresent()) {
      port = Integer.toString(redirect.port().get());
    } else if (redirect.scheme().isPresent()) {
      port = "";
    }
    boolean usual =
        port.isEmpty()
            || (scheme.equals("http") && port.equals("80"))
            || (scheme.equals("https") && port.equals("443"));
    return scheme
        + "://"
        + redirect.hostname().orElse(host)
        + (usual ? "" : ":" + port)
        + (path == null ? request.path() : path.apply(request.path()));
  }
}
