package io.refmesh.proxy.http;

import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/**
 * The head of a response: status, fields (lower case, mutable, without pseudo headers and
 * hop-by-hop fields) and the body that follows.
 *
 * @param body the bytes on their way; null for an informational head
 * @param endOfStream whether the response has no body at all and no trailers; the body pipe has
 *     ended already
 */
public record ResponseHead(
    int status, Http2Headers headers, @Nullable BodyPipe body, boolean endOfStream) {

  public boolean informational() {
    return status >= 100 && status < 200 && status != 101;
  }
}
