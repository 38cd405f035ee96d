package io.refmesh.control.identity;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret with which tokens are signed and checked (HMAC SHA-256), in the state folder's {@code
 * ca/token.key}; whoever comes first, supervisor or control plane, makes it.
 */
final class TokenKey {

  private static final String FILE = "token.key";
  private static final int KEY_BYTES = 32;

  private final SecretKeySpec key;

  private TokenKey(byte[] key) {
    this.key = new SecretKeySpec(key, "HmacSHA256");
  }

  static TokenKey open(Path state, SecureRandom random) throws IOException {
    PrivateFolder folder = PrivateFolder.open(state.resolve(CertificateAuthority.FOLDER));
    if (!folder.has(FILE)) {
      byte[] made = new byte[KEY_BYTES];
      random.nextBytes(made);
      folder.writeOnce(FILE, HexFormat.of().formatHex(made) + "\n");
    }
    try {
      byte[] key = HexFormat.of().parseHex(folder.readText(FILE).strip());
      if (key.length == KEY_BYTES) {
        return new TokenKey(key);
      }
    } catch (IllegalArgumentException e) {
      // Not hexadecimal: the message below says what it should be.
    }
    throw new IOException(
        "ca/"
            + FILE
            + " is damaged (expected: "
            + KEY_BYTES * 2
            + " hexadecimal digits; remove it, and restart all)");
  }

  byte[] sign(String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac.doFinal(text.getBytes(StandardCharsets.US_ASCII));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HmacSHA256 is part of every JDK", e);
    }
  }
}
