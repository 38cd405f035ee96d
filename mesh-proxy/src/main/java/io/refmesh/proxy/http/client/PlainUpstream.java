package io.refmesh.proxy.http.client;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;

/**
 * An endpoint without sidecar: speaks to it as the application spoke to us. An upgrade or CONNECT
 * is put to it in HTTP/1 unless it is declared to speak HTTP/2, because few servers know tunnels
 * there.
 */
final class PlainUpstream implements Upstream {

  private final KeepAliveUpstream http1;
  private final MultiplexedUpstream http2;
  private final boolean declaredHttp2;

  PlainUpstream(KeepAliveUpstream http1, MultiplexedUpstream http2, AppProtocol protocol) {
    this.http1 = http1;
    this.http2 = http2;
    declaredHttp2 = protocol == AppProtocol.H2C || protocol == AppProtocol.GRPC;
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    RequestHead request = exchange.request();
    if (request.version() == RequestHead.Version.HTTP_2
        && (!request.opensTunnel() || declaredHttp2)) {
      http2.handle(exchange, reply);
    } else {
      http1.handle(exchange, reply);
    }
  }

  @Override
  public void close() {
    http1.close();
    http2.close();
  }
}
