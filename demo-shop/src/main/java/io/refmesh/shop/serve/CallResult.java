package io.refmesh.shop.serve;

import io.refmesh.shop.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * What came of calling another service.
 *
 * @param status 0 when there was no answer; then {@code error} says why
 * @param facts what the answer's headers tell about who gave it
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
record CallResult(
    String service,
    int status,
    Map<String, String> facts,
    byte[] body,
    double durationMs,
    @Nullable String error) {
  private static final int BAD_GATEWAY = 502;

  boolean failed() {
    return status < 200 || status >= 400;
  }

  /** The body, or nothing where it is none that one could show. */
  JsonNode json() {
    try {
      return body.length == 0 ? MissingNode.getInstance() : Json.tree(body);
    } catch (JacksonException e) {
      return MissingNode.getInstance();
    }
  }

  /**
   * The page with what its calls led to: its own status when all went well, else that of the worst
   * call.
   */
  static Answer answer(int statusWhenWell, Map<String, Object> page, List<CallResult> results) {
    int status = statusWhenWell;
    List<Map<String, Object>> calls = new ArrayList<>();
    for (CallResult result : results) {
      calls.add(result.told());
      if (result.failed()) {
        status = Math.max(status, result.status == 0 ? BAD_GATEWAY : result.status);
      }
    }
    if (status >= 400) {
      page.put("error", "a call failed");
    }
    page.put("calls", calls);
    page.values().removeIf(value -> value instanceof MissingNode);
    return Answer.json(status, page);
  }

  private Map<String, Object> told() {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("service", service);
    told.put("status", status);
    told.putAll(facts);
    told.put("durationMs", durationMs);
    if (error != null) {
      told.put("error", error);
    }
    return told;
  }
}
