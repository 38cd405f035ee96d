package io.refmesh.control.inject;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code AdmissionReview} of {@code admission.k8s.io/v1}, question and answer. */
final class Admission {

  static final String VERSION = "admission.k8s.io/v1";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Admission() {}

  /** Answers one question. */
  interface Webhook {
    Answer answer(JsonNode request) throws Exception;
  }

  /** What becomes of an object. */
  sealed interface Answer {

    /**
     * @param warnings shown to whoever sent it
     */
    record Allowed(List<String> warnings) implements Answer {}

    record Patched(ArrayNode patch) implements Answer {}

    record Refused(String message) implements Answer {}
  }

  /** The request of a review, or an exception that says what is wrong with it. */
  static JsonNode request(byte[] body) {
    JsonNode review = JSON.readTree(body);
    String version = review.path("apiVersion").asString("");
    if (!review.path("kind").asString("").equals("AdmissionReview") || !version.equals(VERSION)) {
      throw new IllegalArgumentException(
          "apiVersion "
              + version
              + ", kind "
              + review.path("kind").asString("")
              + " (expected: an AdmissionReview of "
              + VERSION
              + ")");
    }
    if (review.at("/request/uid").asString("").isEmpty()) {
      throw new IllegalArgumentException("request.uid: is missing (expected: the review's own)");
    }
    return review.path("request");
  }

  static byte[] response(JsonNode request, Answer answer) {
    ObjectNode review = JsonNodeFactory.instance.objectNode();
    review.put("apiVersion", VERSION);
    review.put("kind", "AdmissionReview");
    ObjectNode response = review.putObject("response");
    response.put("uid", request.path("uid").asString(""));
    response.put("allowed", !(answer instanceof Answer.Refused));
    switch (answer) {
      case Answer.Allowed(List<String> warnings) -> {
        if (!warnings.isEmpty()) {
          ArrayNode list = response.putArray("warnings");
          warnings.forEach(list::add);
        }
      }
      case Answer.Patched(ArrayNode patch) -> {
        response.put("patchType", "JSONPatch");
        response.put(
            "patch",
            Base64.getEncoder()
                .encodeToString(JSON.writeValueAsString(patch).getBytes(StandardCharsets.UTF_8)));
      }
      case Answer.Refused(String message) -> {
        ObjectNode status = response.putObject("status");
        status.put("code", 422);
        status.put("reason", "Invalid");
        status.put("message", message);
      }
    }
    return JSON.writeValueAsBytes(review);
  }

  /** The controller that made the object, or else the object. */
  static AdmissionEvents.Subject subject(JsonNode request) {
    JsonNode object = request.path("object");
    String namespace = request.path("namespace").asString("");
    for (JsonNode owner : object.at("/metadata/ownerReferences")) {
      if (owner.path("controller").asBoolean(false)) {
        return new AdmissionEvents.Subject(
            namespace,
            owner.path("apiVersion").asString(""),
            owner.path("kind").asString(""),
            owner.path("name").asString(""),
            owner.path("uid").asString(""));
      }
    }
    String group = request.at("/kind/group").asString("");
    String version = request.at("/kind/version").asString("");
    String name = object.at("/metadata/name").asString("");
    return new AdmissionEvents.Subject(
        namespace,
        group.isEmpty() ? version : group + "/" + version,
        request.at("/kind/kind").asString(""),
        name.isEmpty() ? object.at("/metadata/generateName").asString("") : name,
        object.at("/metadata/uid").asString(""));
  }
}
