package io.refmesh.proxy.http.server;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.refmesh.proxy.http.RequestHead;
import java.nio.charset.StandardCharsets;

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

  /** Bytes of a line that is refused of which a log may tell. */
  private static final int FOUND_MAX = 1024;

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

  /**
   * What a log can say of a request that is refused: the first two words, or nothing where they are
   * not a method and a target.
   */
  static RequestHead found(ByteBuf bytes, int from, int to) {
    int end = Math.min(to, from + FOUND_MAX);
    int at = from;
    while (at < end && bytes.getByte(at) <= ' ' && bytes.getByte(at) > 0) {
      at++;
    }
    String[] words =
        bytes.toString(at, end - at, StandardCharsets.ISO_8859_1).split("[ \t\r\n]+", 3);
    return found(words[0], words.length > 1 ? words[1] : "");
  }

  static RequestHead found(String method, String target) {
    boolean known = !method.isEmpty() && RequestHeads.isToken(method);
    return new RequestHead(
        RequestHead.Version.HTTP_1_1,
        known ? method : "",
        "http",
        "",
        known && RequestHeads.isVisible(target) ? target : "",
        new DefaultHttp2Headers(false),
        true);
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
