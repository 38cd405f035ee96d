package io.refmesh.shop.net;

import java.nio.charset.StandardCharsets;

/** What the TCP service says to a line; {@code goesOn} is false when it hangs up afterwards. */
record LineAnswer(int status, BodySource source, boolean goesOn) {
  static final LineAnswer NONE = line(200, "", true);

  static LineAnswer line(int status, String text, boolean goesOn) {
    byte[] bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
    return new LineAnswer(status, new BodySource.Whole(bytes), goesOn);
  }

  static LineAnswer error(String message) {
    return line(400, "ERROR " + message, true);
  }

  static LineAnswer letters(long bytes) {
    return new LineAnswer(200, new BodySource.Letters(bytes), true);
  }
}
