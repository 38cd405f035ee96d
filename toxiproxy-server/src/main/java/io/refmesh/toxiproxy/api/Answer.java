package io.refmesh.toxiproxy.api;

import io.refmesh.toxiproxy.json.JsonWriter;
import io.refmesh.toxiproxy.proxy.Refusal;

/**
 * What the API answers, before it becomes HTTP.
 *
 * @param contentType empty for an answer without a body
 * @param guarded whether browsers are told not to guess the type; Go does so for every plain-text
 *     error
 */
record Answer(int status, String contentType, boolean guarded, String body) {
  private static final String TEXT = "text/plain; charset=utf-8";

  static Answer json(int status, String body) {
    return new Answer(status, "application/json", false, body);
  }

  static Answer version(String version) {
    return new Answer(
        200, "application/json;charset=utf-8", false, "{\"version\": \"" + version + "\"}\n");
  }

  static Answer noContent() {
    return new Answer(204, "", false, "");
  }

  /** JSON that calls itself text: what the original sends. */
  static Answer refused(Refusal refusal) {
    String body =
        new JsonWriter()
            .raw("{\"error\":")
            .string(refusal.text())
            .raw(",\"status\":")
            .number(refusal.status())
            .raw("}\n")
            .toString();
    return new Answer(refusal.status(), TEXT, true, body);
  }

  static Answer notFound() {
    return new Answer(404, TEXT, true, "404 page not found\n");
  }

  /** To the same path without doubled slashes. */
  static Answer moved() {
    return new Answer(301, "", false, "");
  }

  static Answer methodNotAllowed() {
    return new Answer(405, "", false, "");
  }

  static Answer browser() {
    return new Answer(403, TEXT, true, "User agent not allowed\n");
  }
}
