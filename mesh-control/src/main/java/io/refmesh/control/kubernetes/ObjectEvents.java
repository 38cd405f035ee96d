package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.refmesh.control.inject.AdmissionEvents;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.HttpURLConnection;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/**
 * Says what happened to an object where {@code kubectl describe} shows it. The event of a change is
 * named after the object's version: of several replicas that see the same, one writes. Thread-safe.
 */
final class ObjectEvents {

  private static final Logger LOG = System.getLogger(ObjectEvents.class.getName());
  private static final int MESSAGE_MAX = 1_000;

  private final KubernetesClient client;
  private final String reporter;
  private final InstantSource clock;

  /**
   * @param reporter which replica
   */
  ObjectEvents(KubernetesClient client, String reporter, InstantSource clock) {
    this.client = client;
    this.reporter = reporter;
    this.clock = clock;
  }

  void normal(HasMetadata object, String reason, String message) {
    write(object, "Normal", reason, message);
  }

  void warning(HasMetadata object, String reason, String message) {
    write(object, "Warning", reason, message);
  }

  /**
   * Of something that may happen to the same object again and again: each has a name of its own.
   */
  void write(AdmissionEvents.Subject subject, String type, String reason, String message) {
    // Not fewer than a moment apart: one thread writes them.
    String name = subject.name() + "." + Long.toHexString(clock.instant().toEpochMilli());
    write(
        new ObjectReferenceBuilder()
            .withApiVersion(subject.apiVersion())
            .withKind(subject.kind())
            .withNamespace(subject.namespace())
            .withName(subject.name())
            .withUid(subject.uid().isEmpty() ? null : subject.uid())
            .build(),
        name,
        type,
        reason,
        message);
  }

  private void write(HasMetadata object, String type, String reason, String message) {
    ObjectMeta about = object.getMetadata();
    write(
        new ObjectReferenceBuilder()
            .withApiVersion(object.getApiVersion())
            .withKind(object.getKind())
            .withNamespace(about.getNamespace())
            .withName(about.getName())
            .withUid(about.getUid())
            .withResourceVersion(about.getResourceVersion())
            .build(),
        about.getName() + "." + reason.toLowerCase(Locale.ROOT) + "." + about.getResourceVersion(),
        type,
        reason,
        message);
  }

  private void write(
      ObjectReference object, String name, String type, String reason, String message) {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    try {
      client
          .resource(
              new EventBuilder()
                  .withNewMetadata()
                  .withNamespace(object.getNamespace())
                  .withName(name)
                  .endMetadata()
                  .withInvolvedObject(object)
                  .withType(type)
                  .withReason(reason)
                  .withMessage(
                      message.length() <= MESSAGE_MAX
                          ? message
                          : message.substring(0, MESSAGE_MAX - 1) + "…")
                  .withNewSource()
                  .withComponent("refmesh-control")
                  .endSource()
                  .withReportingComponent("refmesh.io/control")
                  .withReportingInstance(reporter)
                  .withFirstTimestamp(now)
                  .withLastTimestamp(now)
                  .withCount(1)
                  .build())
          .create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        LOG.log(Level.WARNING, "event {0} not written: {1}", reason, e.getMessage());
      }
    }
  }
}
