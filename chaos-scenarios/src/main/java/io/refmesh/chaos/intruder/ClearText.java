package io.refmesh.chaos.intruder;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Looks for what HTTP looks like when it is not encrypted, in one stream of bytes, also across
 * chunks.
 */
final class ClearText {

  private static final List<String> SIGNS = List.of("GET /", "POST /", "HTTP/1.1", "x-request-id");
  private static final int LONGEST = SIGNS.stream().mapToInt(String::length).max().orElse(0);

  private String tail = "";

  /** How many signs end in this chunk. */
  int found(byte[] chunk, int length) {
    String text = tail + new String(chunk, 0, length, StandardCharsets.ISO_8859_1);
    int found = 0;
    for (String sign : SIGNS) {
      for (int at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) {
        if (at + sign.length() > tail.length()) {
          found++;
        }
      }
    }
    tail = text.substring(Math.max(0, text.length() - LONGEST + 1));
    return found;
  }
}
