package io.refmesh.shop.net;

import io.refmesh.shop.record.Effect;
import io.refmesh.shop.record.Instance;
import io.refmesh.shop.record.Ledger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** A line taken apart: the command, the request id where it has one, and the rest. */
record LineCommand(String word, String id, String rest) {
  private static final long BYTES_MAX = 1 << 24;
  private static final int ID_LENGTH_MAX = 128;
  private static final List<String> KNOWN =
      List.of("PING", "ECHO", "APPEND", "COUNT", "BYTES", "QUIT");

  static LineCommand of(String line) {
    String[] parts = line.split(" ", 3);
    String word = KNOWN.contains(parts[0]) ? parts[0] : "UNKNOWN";
    return switch (word) {
      case "APPEND" ->
          new LineCommand(word, parts.length > 1 ? parts[1] : "", parts.length > 2 ? parts[2] : "");
      case "UNKNOWN" -> new LineCommand(word, "", line);
      default ->
          new LineCommand(word, "", line.substring(Math.min(line.length(), word.length() + 1)));
    };
  }

  LineAnswer answer(Instance instance, Ledger ledger) {
    return switch (word) {
      case "PING" ->
          LineAnswer.line(
              200,
              "PONG " + instance.name() + " " + instance.version() + " " + instance.zone(),
              true);
      case "ECHO" -> LineAnswer.line(200, rest, true);
      case "APPEND" -> append(instance, ledger);
      case "COUNT" -> LineAnswer.line(200, "COUNT " + ledger.count(rest), true);
      case "BYTES" -> bytes();
      case "QUIT" -> LineAnswer.line(200, "BYE", false);
      default ->
          LineAnswer.error(
              "unknown command: "
                  + rest.substring(0, Math.min(rest.length(), 80))
                  + " (expected one of: "
                  + String.join(", ", KNOWN)
                  + ")");
    };
  }

  private LineAnswer append(Instance instance, Ledger ledger) {
    if (id.isEmpty() || id.length() > ID_LENGTH_MAX) {
      return LineAnswer.error(
          "request-id: "
              + id.length()
              + " characters (expected: APPEND request-id text, the id with 1 to "
              + ID_LENGTH_MAX
              + ")");
    }
    byte[] text = rest.getBytes(StandardCharsets.UTF_8);
    Optional<Effect> effect = ledger.apply(id, text.length, RequestBody.sha256Of(text));
    return effect
        .map(one -> LineAnswer.line(200, "OK " + one.count() + " " + instance.name(), true))
        .orElseGet(
            () -> LineAnswer.error("ledger: full (expected: POST /reset on the admin port)"));
  }

  private LineAnswer bytes() {
    try {
      long bytes = Long.parseLong(rest.strip());
      if (bytes >= 0 && bytes <= BYTES_MAX) {
        return LineAnswer.letters(bytes);
      }
    } catch (NumberFormatException e) {
      // Told below together with numbers out of range.
    }
    return LineAnswer.error(
        "bytes: " + rest + " (expected: a whole number from 0 to " + BYTES_MAX + ")");
  }
}
