package io.refmesh.control.inject;

import java.util.List;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /inject}: pods that are created. */
final class InjectWebhook implements Admission.Webhook {

  private final Supplier<InjectSettings> settings;
  private final Namespaces namespaces;
  private final AdmissionEvents events;

  InjectWebhook(Supplier<InjectSettings> settings, Namespaces namespaces, AdmissionEvents events) {
    this.settings = settings;
    this.namespaces = namespaces;
    this.events = events;
  }

  @Override
  public Admission.Answer answer(JsonNode request) throws Exception {
    if (!request.at("/kind/kind").asString("").equals("Pod")
        || !request.path("operation").asString("").equals("CREATE")
        || !(request.path("object") instanceof ObjectNode pod)) {
      return new Admission.Answer.Allowed(List.of());
    }
    PodNamespace namespace = namespaces.get(request.path("namespace").asString(""));
    boolean dryRun = request.path("dryRun").asBoolean(false);
    AdmissionEvents.Subject subject = Admission.subject(request);
    Injection injection = new PodPatcher(settings.get()).patch(pod, namespace);
    switch (injection) {
      case Injection.Patched patched -> {
        if (!dryRun) {
          events.injected(subject);
        }
        return new Admission.Answer.Patched(patched.patch());
      }
      case Injection.Skipped skipped -> {
        if (!dryRun) {
          events.skipped(subject, skipped.reason(), skipped.message());
        }
        return new Admission.Answer.Allowed(
            skipped.reason().surprising()
                ? List.of("refmesh: no sidecar: " + skipped.message())
                : List.of());
      }
      case Injection.Refused refused -> {
        if (!dryRun) {
          events.refused(subject, refused.problems());
        }
        return new Admission.Answer.Refused(
            "refmesh cannot give the pod a sidecar: " + String.join("; ", refused.problems()));
      }
    }
  }
}
