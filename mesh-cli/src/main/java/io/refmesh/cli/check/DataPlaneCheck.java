package io.refmesh.cli.check;

import java.io.IOException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Whether sidecars run, are of the version that new ones would be, and trust the roots of today.
 */
final class DataPlaneCheck {

  private static final String RESTART = "kubectl rollout restart deployment -n NAMESPACE";

  /** More would only fill the screen. */
  private static final int NAMED_MOST = 5;

  private final Cluster cluster;
  private final List<X509Certificate> roots;
  private final String proxyImage;

  DataPlaneCheck(Cluster cluster, List<X509Certificate> roots, String proxyImage) {
    this.cluster = cluster;
    this.roots = roots;
    this.proxyImage = proxyImage;
  }

  List<Finding> findings() throws IOException {
    Optional<JsonNode> pods = cluster.get("/api/v1/pods");
    List<JsonNode> meshed = new ArrayList<>();
    List<String> notReady = new ArrayList<>();
    List<String> otherVersion = new ArrayList<>();
    List<String> otherRoots = new ArrayList<>();
    for (JsonNode pod :
        pods.map(list -> list.path("items")).stream().flatMap(DataPlaneCheck::each).toList()) {
      if (!annotation(pod, "refmesh.io/injected").equals("true") || ended(pod)) {
        continue;
      }
      meshed.add(pod);
      String name =
          pod.path("metadata").path("namespace").asString()
              + "/"
              + pod.path("metadata").path("name").asString();
      if (!ready(pod)) {
        notReady.add(name);
      }
      if (!proxyImage.isEmpty() && !image(pod).equals(proxyImage)) {
        otherVersion.add(name + " (" + image(pod) + ")");
      }
      if (!trusts(pod)) {
        otherRoots.add(name);
      }
    }
    return List.of(
        notReady.isEmpty()
            ? Finding.ok("sidecars", meshed.size() + " pods have a sidecar that is ready")
            : Finding.failed(
                "sidecars",
                "not ready: " + named(notReady),
                "kubectl logs -n NAMESPACE POD -c refmesh-proxy"),
        otherVersion.isEmpty()
            ? Finding.ok("sidecar-versions", "sidecars are of the control plane's version")
            : Finding.warning(
                "sidecar-versions",
                "others than " + proxyImage + ": " + named(otherVersion),
                RESTART),
        otherRoots.isEmpty()
            ? Finding.ok("trust-roots", "sidecars know the roots of today")
            : Finding.failed(
                "trust-roots",
                "injected with other roots: " + named(otherRoots),
                "they cannot reach the control plane when they start again: " + RESTART));
  }

  private static Stream<JsonNode> each(JsonNode list) {
    return list.valueStream();
  }

  private static String named(List<String> names) {
    return String.join(", ", names.subList(0, Math.min(names.size(), NAMED_MOST)))
        + (names.size() > NAMED_MOST ? " and " + (names.size() - NAMED_MOST) + " more" : "");
  }

  private static String annotation(JsonNode pod, String name) {
    return pod.path("metadata").path("annotations").path(name).asString("");
  }

  private static boolean ended(JsonNode pod) {
    String phase = pod.path("status").path("phase").asString("");
    return phase.equals("Succeeded")
        || phase.equals("Failed")
        || pod.path("metadata").has("deletionTimestamp");
  }

  private static boolean ready(JsonNode pod) {
    return pod.path("status")
        .path("initContainerStatuses")
        .valueStream()
        .filter(status -> status.path("name").asString().equals("refmesh-proxy"))
        .anyMatch(status -> status.path("ready").asBoolean(false));
  }

  private static String image(JsonNode pod) {
    return pod.path("spec")
        .path("initContainers")
        .valueStream()
        .filter(container -> container.path("name").asString().equals("refmesh-proxy"))
        .map(container -> container.path("image").asString())
        .findFirst()
        .orElse("none");
  }

  private boolean trusts(JsonNode pod) {
    if (roots.isEmpty()) {
      return true;
    }
    try {
      return Certificates.ofPem(annotation(pod, "refmesh.io/trust-roots")).stream()
          .anyMatch(roots::contains);
    } catch (CertificateException e) {
      return false;
    }
  }
}
