package io.refmesh.control.inject;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /validate}: resources that are created or changed. */
final class ValidateWebhook implements Admission.Webhook {

  private final AdmissionEvents events;

  ValidateWebhook(AdmissionEvents events) {
    this.events = events;
  }

  @Override
  public Admission.Answer answer(JsonNode request) {
    if (!(request.path("object") instanceof ObjectNode object)
        // What is on its way out, with finalizers to be removed, must get there.
        || object.path("metadata").hasNonNull("deletionTimestamp")) {
      return new Admission.Answer.Allowed(List.of());
    }
    List<String> problems = Validator.problems(object);
    boolean dryRun = request.path("dryRun").asBoolean(false);
    if (problems.isEmpty()) {
      if (!dryRun) {
        events.accepted(Admission.subject(request));
      }
      return new Admission.Answer.Allowed(List.of());
    }
    if (!dryRun) {
      events.refused(Admission.subject(request), problems);
    }
    return new Admission.Answer.Refused(String.join("; ", problems));
  }
}
