package io.refmesh.proxy.telemetry;

import io.netty.handler.codec.http2.Http2Headers;

/** The trace that a request belongs to, as its headers say: W3C trace context, else B3. */
final class TraceId {

  /** {@code 00-<32 hex digits>-<16 hex digits>-<2 hex digits>}. */
  private static final int TRACEPARENT_LENGTH = 55;

  private static final int ID_FROM = 3;
  private static final int ID_TO = 35;

  private TraceId() {}

  /** Hex digits; empty when there is none that can be read. */
  static String of(Http2Headers headers) {
    CharSequence parent = headers.get("traceparent");
    if (parent != null
        && parent.length() >= TRACEPARENT_LENGTH
        && parent.charAt(ID_FROM - 1) == '-') {
      return hexOrNothing(parent.subSequence(ID_FROM, ID_TO));
    }
    CharSequence b3 = headers.get("x-b3-traceid");
    return b3 == null || b3.length() > ID_TO - ID_FROM ? "" : hexOrNothing(b3);
  }

  private static String hexOrNothing(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.digit(text.charAt(i), 16) < 0) {
        return "";
      }
    }
    return text.toString();
  }
}
