package io.refmesh.proxy.detect;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Decides from the bytes so far what a connection speaks. The answer for a beginning never
 * contradicts the answer for more bytes: it is either the same or "more bytes needed", so that a
 * peer cannot choose the answer by the way it cuts its segments.
 */
public final class ProtocolDetector {

  /**
   * More than this is never needed: the largest ClientHello looked at, and the longest request line
   * waited for.
   */
  public static final int BYTES_MAX = 16 * 1024;

  private static final byte[] HTTP_2_PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** Empty lines that RFC 9112 §2.2 lets precede a request line; more are not HTTP. */
  private static final int LEADING_LINE_ENDS_MAX = 4;

  private static final int METHOD_BYTES_MAX = 32;

  private static final byte[] VERSION_PREFIX = "HTTP/1.".getBytes(StandardCharsets.US_ASCII);

  /**
   * With these a target in origin form is enough; what follows is for the HTTP server to refuse.
   */
  private static final byte[][] KNOWN_METHODS = {
    ascii("GET"),
    ascii("HEAD"),
    ascii("POST"),
    ascii("PUT"),
    ascii("DELETE"),
    ascii("CONNECT"),
    ascii("OPTIONS"),
    ascii("TRACE"),
    ascii("PATCH")
  };

  private ProtocolDetector() {}

  /** Looks at the readable bytes without consuming any; empty when more are needed to decide. */
  public static Optional<Protocol> peek(ByteBuf bytes) {
    // Never beyond the bound, or the answer would depend on how many bytes came at once.
    int available = Math.min(bytes.readableBytes(), BYTES_MAX);
    if (available == 0) {
      return Optional.empty();
    }
    int start = bytes.readerIndex();
    if (bytes.getByte(start) == ClientHello.RECORD_HANDSHAKE) {
      return ClientHello.peek(bytes, available);
    }
    int common = commonWithPreface(bytes, start, available);
    if (common == HTTP_2_PREFACE.length) {
      return Optional.of(Protocol.HTTP_2);
    }
    // "PRI * HTTP/2.0" is a request line as well: as long as all bytes agree with the preface, more
    // bytes tell.
    return common == available ? Optional.empty() : http1(bytes, start, available);
  }

  private static int commonWithPreface(ByteBuf bytes, int start, int available) {
    int common = 0;
    while (common < available
        && common < HTTP_2_PREFACE.length
        && bytes.getByte(start + common) == HTTP_2_PREFACE[common]) {
      common++;
    }
    return common;
  }

  /**
   * <pre>
   * request-line = method SP request-target SP HTTP-version CRLF     (RFC 9112 §3)
   * </pre>
   *
   * Decided at {@code METHOD SP /} for the methods of RFC 9110, at {@code SP HTTP/1.} for any other
   * token.
   */
  private static Optional<Protocol> http1(ByteBuf bytes, int start, int available) {
    int at = start;
    int end = start + available;
    while (at < end && isLineEnd(bytes.getByte(at))) {
      if (++at - start > LEADING_LINE_ENDS_MAX) {
        return Optional.of(Protocol.OPAQUE);
      }
    }
    int method = at;
    while (at < end && isTokenCharacter(bytes.getByte(at))) {
      if (++at - method > METHOD_BYTES_MAX) {
        return Optional.of(Protocol.OPAQUE);
      }
    }
    if (at == end) {
      return Optional.empty();
    }
    if (at == method || bytes.getByte(at) != ' ') {
      return Optional.of(Protocol.OPAQUE);
    }
    int target = at + 1;
    if (target == end) {
      return Optional.empty();
    }
    if (bytes.getByte(target) == '/' && isKnownMethod(bytes, method, at)) {
      return Optional.of(Protocol.HTTP_1);
    }
    at = target;
    while (at < end && isTargetByte(bytes.getByte(at))) {
      at++;
    }
    if (at == end) {
      return stillRequestLine(available);
    }
    if (at == target || bytes.getByte(at) != ' ') {
      return Optional.of(Protocol.OPAQUE);
    }
    at++;
    for (int i = 0; i < VERSION_PREFIX.length; i++, at++) {
      if (at == end) {
        return stillRequestLine(available);
      }
      if (bytes.getByte(at) != VERSION_PREFIX[i]) {
        return Optional.of(Protocol.OPAQUE);
      }
    }
    return Optional.of(Protocol.HTTP_1);
  }

  /**
   * A request line without end is left to the HTTP server, which answers with the limit; it must
   * not pass for opaque.
   */
  private static Optional<Protocol> stillRequestLine(int available) {
    return available >= BYTES_MAX ? Optional.of(Protocol.HTTP_1) : Optional.empty();
  }

  private static boolean isKnownMethod(ByteBuf bytes, int from, int to) {
    for (byte[] known : KNOWN_METHODS) {
      if (known.length == to - from) {
        int i = 0;
        while (i < known.length && bytes.getByte(from + i) == known[i]) {
          i++;
        }
        if (i == known.length) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isLineEnd(byte b) {
    return b == '\r' || b == '\n';
  }

  /** {@code tchar} of RFC 9110 §5.6.2. */
  private static boolean isTokenCharacter(byte b) {
    return (b >= 'A' && b <= 'Z')
        || (b >= 'a' && b <= 'z')
        || (b >= '0' && b <= '9')
        || switch (b) {
          case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~' -> true;
          default -> false;
        };
  }

  /**
   * Everything but spaces and control characters; bytes above 0x7f are for the HTTP server to
   * refuse.
   */
  private static boolean isTargetByte(byte b) {
    int value = b & 0xff;
    return value > ' ' && value != 0x7f;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
