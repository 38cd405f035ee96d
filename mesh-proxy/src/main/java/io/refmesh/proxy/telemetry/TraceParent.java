package io.refmesh.proxy.telemetry;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The field {@code traceparent} (W3C Trace Context §3.2): {@code 00-<32 hex digits>-<16 hex
 * digits>-<2 hex digits>}.
 *
 * @param high first half of the trace's id
 * @param low second half; not both are 0
 * @param span id of the span that sent the request; not 0
 */
record TraceParent(long high, long low, long span, boolean sampled) {

  static final AsciiString FIELD = AsciiString.cached("traceparent");
  static final AsciiString STATE = AsciiString.cached("tracestate");

  private static final int LENGTH = 55;
  private static final int TRACE_FROM = 3;
  private static final int SPAN_FROM = 36;
  private static final int FLAGS_FROM = 53;
  private static final int HALF = 16;
  private static final int SAMPLED = 1;
  private static final HexFormat HEX = HexFormat.of();

  /** Null when there is none, more than one, or one that cannot be read. */
  static @Nullable TraceParent maybeOf(Http2Headers headers) {
    if (headers.get(FIELD) == null) {
      return null;
    }
    List<CharSequence> all = headers.getAll(FIELD);
    return all.size() == 1 ? maybeParse(all.getFirst()) : null;
  }

  static @Nullable TraceParent maybeParse(CharSequence text) {
    if (text.length() < LENGTH
        || text.charAt(2) != '-'
        || text.charAt(SPAN_FROM - 1) != '-'
        || text.charAt(FLAGS_FROM - 1) != '-') {
      return null;
    }
    int version = (int) hex(text, 0, 2);
    // Version 00 is exactly this long; a later one may go on after a dash.
    boolean fits =
        version == 0
            ? text.length() == LENGTH
            : text.length() == LENGTH || text.charAt(LENGTH) == '-';
    if (!isHex(text, 0, 2)
        || version == 0xff
        || !fits
        || !isHex(text, TRACE_FROM, 2 * HALF)
        || !isHex(text, SPAN_FROM, HALF)
        || !isHex(text, FLAGS_FROM, 2)) {
      return null;
    }
    long high = hex(text, TRACE_FROM, HALF);
    long low = hex(text, TRACE_FROM + HALF, HALF);
    long span = hex(text, SPAN_FROM, HALF);
    if ((high | low) == 0 || span == 0) {
      return null;
    }
    return new TraceParent(high, low, span, (hex(text, FLAGS_FROM, 2) & SAMPLED) != 0);
  }

  /** 32 hex digits. */
  String traceId() {
    return HEX.toHexDigits(high) + HEX.toHexDigits(low);
  }

  /** As the field's value. */
  String text() {
    return "00-" + traceId() + "-" + HEX.toHexDigits(span) + (sampled ? "-01" : "-00");
  }

  /** Lower case only, as the standard says. */
  private static boolean isHex(CharSequence text, int from, int length) {
    for (int i = from; i < from + length; i++) {
      char c = text.charAt(i);
      if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }

  private static long hex(CharSequence text, int from, int length) {
    long value = 0;
    for (int i = from; i < from + length; i++) {
      value = value << 4 | Character.digit(text.charAt(i), 16) & 0xf;
    }
    return value;
  }
}
