package io.refmesh.proxy.http.server;

import io.netty.buffer.ByteBuf;

/**
 * The first line of a request as RFC 9112 §3 has it and no other:
 *
 * <pre>
 * method SP request-target SP "HTTP/" DIGIT "." DIGIT CR LF
 * </pre>
 *
 * Whether the method is a token and the target a target is for others to say.
 */
final class RequestLine {

  private static final byte[] VERSION = {'H', 'T', 'T', 'P', '/'};

  private RequestLine() {}

  /**
   * @param lineFeed index of the LF that ends the line
   */
  static boolean isStrict(ByteBuf bytes, int from, int lineFeed) {
    int end = lineFeed - 1;
    if (end < from || bytes.getByte(end) != '\r') {
      return false;
    }
    int method = word(bytes, from, end);
    int target = method == end ? end : word(bytes, method + 1, end);
    if (method == from || target == method + 1 || target >= end) {
      return false;
    }
    return isVersion(bytes, target + 1, end);
  }

  /** Index of the space after the word, or the end; its own start when the word has other bytes. */
  private static int word(ByteBuf bytes, int from, int end) {
    int at = from;
    while (at < end && bytes.getByte(at) != ' ') {
      int value = bytes.getByte(at) & 0xff;
      if (value < ' ' || value == 0x7f) {
        return from;
      }
      at++;
    }
    return at;
  }

  private static boolean isVersion(ByteBuf bytes, int from, int end) {
    if (end - from != VERSION.length + 3) {
      return false;
    }
    for (int i = 0; i < VERSION.length; i++) {
      if (bytes.getByte(from + i) != VERSION[i]) {
        return false;
      }
    }
    int digits = from + VERSION.length;
    return isDigit(bytes.getByte(digits))
        && bytes.getByte(digits + 1) == '.'
        && isDigit(bytes.getByte(digits + 2));
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }
}
