package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.HttpURLConnection;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/**
 * Says what happened to an object where {@code kubectl describe} shows it. Its name is made of the
 * object's version: of several replicas that see the same, one writes. Thread-safe.
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

  private void write(HasMetadata object, String type, String reason, String message) {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    String version = object.getMetadata().getResourceVersion();
    try {
      client
          .resource(
              new EventBuilder()
                  .withNewMetadata()
                  .withNamespace(object.getMetadata().getNamespace())
                  .withName(
                      object.getMetadata().getName()
                          + "."
                          + reason.toLowerCase(Locale.ROOT)
                          + "."
                          + version)
                  .endMetadata()
                  .withNewInvolvedObject()
                  .withApiVersion(object.getApiVersion())
                  .withKind(object.getKind())
                  .withNamespace(object.getMetadata().getNamespace())
                  .withName(object.getMetadata().getName())
                  .withUid(object.getMetadata().getUid())
                  .withResourceVersion(version)
                  .endInvolvedObject()
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
