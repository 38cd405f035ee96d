package io.refmesh.proxy.http.client;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.random.RandomGenerator;

/**
 * The handshake of WebSocket over HTTP/1 (RFC 6455 §4), which WebSocket over HTTP/2 does without
 * (RFC 8441 §5): made here for a caller that speaks HTTP/2 to an application that speaks HTTP/1.
 *
 * @param value of {@code Sec-WebSocket-Key}
 */
record WebSocketKey(String value) {

  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final int KEY_BYTES = 16;

  static WebSocketKey random(RandomGenerator random) {
    byte[] nonce = new byte[KEY_BYTES];
    random.nextBytes(nonce);
    return new WebSocketKey(Base64.getEncoder().encodeToString(nonce));
  }

  /** What a server answers in {@code Sec-WebSocket-Accept} that has understood the key. */
  String accept() {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1")
              .digest((value + GUID).getBytes(StandardCharsets.US_ASCII));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-1", e);
    }
  }
}
