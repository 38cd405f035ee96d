package io.refmesh.proxy.policy;

import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.MeshHeaders;

/** Removes what a client sends under names that are the mesh's own. */
public final class StripMeshHeaders implements Layer {

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      exchange.request().headers().remove(MeshHeaders.FORWARDED_CLIENT_CERT);
      MeshHeaders.removeFrom(exchange.request().headers());
      next.handle(exchange, reply);
    };
  }
}
