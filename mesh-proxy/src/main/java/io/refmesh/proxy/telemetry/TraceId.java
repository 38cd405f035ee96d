package io.refmesh.proxy.telemetry;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;

/**
 * The trace that a request belongs to, for people who look for it: W3C trace context, else what
 * Linkerd reads, B3, {@code x-request-id} or Amazon's field.
 */
final class TraceId {

  private static final AsciiString[] OTHERS = {
    AsciiString.cached("x-b3-traceid"),
    AsciiString.cached("x-request-id"),
    AsciiString.cached("x-amzn-trace-id")
  };

  /** Clients write these fields: longer ones are cut. */
  private static final int CHARS_MAX = 128;

  private TraceId() {}

  /** Empty when there is none. */
  static String of(Http2Headers headers) {
    TraceParent parent = TraceParent.maybeOf(headers);
    if (parent != null) {
      return parent.traceId();
    }
    for (AsciiString name : OTHERS) {
      CharSequence value = headers.get(name);
      if (value != null) {
        return value.length() <= CHARS_MAX
            ? value.toString()
            : value.subSequence(0, CHARS_MAX).toString();
      }
    }
    return "";
  }
}
