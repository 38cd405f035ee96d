package io.refmesh.proxy.http.server;

import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;

/**
 * Netty's response encoder, told for each response whether it answers HEAD and so carries no body
 * whatever its fields say.
 */
final class ResponseEncoder extends HttpResponseEncoder {

  private boolean head;

  void answersHead(boolean answersHead) {
    head = answersHead;
  }

  @Override
  protected boolean isContentAlwaysEmpty(HttpResponse message) {
    return head || super.isContentAlwaysEmpty(message);
  }
}
