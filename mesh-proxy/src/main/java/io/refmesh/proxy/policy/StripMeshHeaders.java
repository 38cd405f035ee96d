package io.refmesh.proxy.policy;

import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.MeshHeaders;
import java.util.ArrayList;
import java.util.List;

/** Removes what a client sends under names that are the mesh's own. */
public final class StripMeshHeaders implements Layer {

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      strip(exchange.request().headers());
      next.handle(exchange, reply);
    };
  }

  private static void strip(Http2Headers headers) {
    headers.remove(MeshHeaders.FORWARDED_CLIENT_CERT);
    List<CharSequence> found = null;
    for (CharSequence name : headers.names()) {
      if (startsWithPrefix(name)) {
        found = found == null ? new ArrayList<>() : found;
        found.add(name);
      }
    }
    if (found != null) {
      found.forEach(headers::remove);
    }
  }

  private static boolean startsWithPrefix(CharSequence name) {
    int length = MeshHeaders.PREFIX.length();
    return name.length() >= length && MeshHeaders.PREFIX.contentEquals(name.subSequence(0, length));
  }
}
