package io.refmesh.proxy.http.client;

import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;

/** An endpoint without sidecar: speaks to it as the application spoke to us. */
final class PlainUpstream implements Upstream {

  private final KeepAliveUpstream http1;
  private final MultiplexedUpstream http2;

  PlainUpstream(KeepAliveUpstream http1, MultiplexedUpstream http2) {
    this.http1 = http1;
    this.http2 = http2;
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    if (exchange.request().version() == RequestHead.Version.HTTP_2) {
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
