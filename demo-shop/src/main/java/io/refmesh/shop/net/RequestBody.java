package io.refmesh.shop.net;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A body that is counted and hashed as it passes; kept only where a page passes it on, and then up
 * to a bound.
 */
final class RequestBody {
  private static final int KEPT_MAX = 64 * 1024;

  /** SHA-256 of nothing. */
  private static final String EMPTY =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  private final @Nullable ByteArrayOutputStream kept;
  private @Nullable MessageDigest digest;
  private String sha256 = EMPTY;
  private long bytes;

  RequestBody(boolean keep) {
    kept = keep ? new ByteArrayOutputStream() : null;
  }

  void add(ByteBuf content) {
    if (!content.isReadable()) {
      return;
    }
    bytes += content.readableBytes();
    if (digest == null) {
      digest = newDigest();
    }
    for (ByteBuffer part : content.nioBuffers()) {
      digest.update(part);
    }
    if (kept != null && bytes <= KEPT_MAX) {
      byte[] copy = new byte[content.readableBytes()];
      content.getBytes(content.readerIndex(), copy);
      kept.writeBytes(copy);
    }
  }

  void close() {
    if (digest != null) {
      sha256 = HexFormat.of().formatHex(digest.digest());
    }
  }

  long bytes() {
    return bytes;
  }

  String sha256() {
    return sha256;
  }

  boolean tooLong() {
    return kept != null && bytes > KEPT_MAX;
  }

  byte[] kept() {
    return kept == null ? new byte[0] : kept.toByteArray();
  }

  static String sha256Of(byte[] bytes) {
    return HexFormat.of().formatHex(newDigest().digest(bytes));
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
