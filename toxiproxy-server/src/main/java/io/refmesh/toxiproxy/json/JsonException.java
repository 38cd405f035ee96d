package io.refmesh.toxiproxy.json;

/** A body that cannot be read; the message is the one Go's {@code encoding/json} gives for it. */
public final class JsonException extends Exception {
  private static final long serialVersionUID = 1;

  JsonException(String message) {
    super(message, null, false, false);
  }
}
