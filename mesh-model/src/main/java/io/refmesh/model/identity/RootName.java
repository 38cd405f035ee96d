package io.refmesh.model.identity;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/**
 * By which a trust root is named where the whole certificate would be too long: the SHA-256 of its
 * DER, in hexadecimal.
 */
public record RootName(String hex) {

  private static final int SHORT = 12;

  public static RootName of(X509Certificate root) {
    try {
      return of(MessageDigest.getInstance("SHA-256").digest(root.getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a root that was read cannot be written", e);
    }
  }

  public static RootName of(byte[] sha256) {
    return new RootName(HexFormat.of().formatHex(sha256));
  }

  public byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  /** Enough of it for people. */
  @Override
  public String toString() {
    return hex.substring(0, Math.min(SHORT, hex.length()));
  }
}
