package io.refmesh.cli.check;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Whether the control plane runs, its CA is good for a while, and the API server believes it. */
final class ControlPlaneCheck {

  static final String DEPLOYMENT =
      "/apis/apps/v1/namespaces/refmesh-system/deployments/refmesh-control";

  private static final String PODS =
      "/api/v1/namespaces/refmesh-system/pods?labelSelector=app%3Drefmesh-control";
  private static final String SECRET = "/api/v1/namespaces/refmesh-system/secrets/refmesh-identity";
  private static final String NEXT = SECRET + "-next";
  private static final String ROOTS =
      "/api/v1/namespaces/refmesh-system/configmaps/refmesh-trust-roots";
  private static final String LOGS = "kubectl -n refmesh-system logs deployment/refmesh-control";

  /** Time to notice and to rotate. */
  private static final Duration SOON = Duration.ofDays(60);

  private final Cluster cluster;
  private final InstantSource clock;
  private List<X509Certificate> roots = List.of();
  private String proxyImage = "";

  ControlPlaneCheck(Cluster cluster, InstantSource clock) {
    this.cluster = cluster;
    this.clock = clock;
  }

  List<Finding> findings() throws IOException {
    List<Finding> findings = new ArrayList<>();
    findings.add(ready());
    findings.add(certificates());
    findings.add(rotation());
    findings.add(webhooks());
    return findings;
  }

  /** Whom sidecars have to trust; empty before {@link #findings}, and when it is not known. */
  List<X509Certificate> roots() {
    return roots;
  }

  /** The image that new sidecars get; empty when it is not known. */
  String proxyImage() {
    return proxyImage;
  }

  private Finding ready() throws IOException {
    Optional<JsonNode> found = cluster.get(DEPLOYMENT);
    if (found.isEmpty()) {
      return Finding.failed(
          "control-plane", "it is not installed", "mesh install | kubectl apply -f -");
    }
    JsonNode deployment = found.get();
    JsonNode container =
        deployment.path("spec").path("template").path("spec").path("containers").path(0);
    for (JsonNode variable : container.path("env")) {
      if (variable.path("name").asString().equals("REFMESH_PROXY_IMAGE")) {
        proxyImage = variable.path("value").asString("");
      }
    }
    int wanted = deployment.path("spec").path("replicas").asInt(1);
    int available = deployment.path("status").path("availableReplicas").asInt(0);
    if (available >= wanted && wanted > 0) {
      return Finding.ok(
          "control-plane",
          available + " of " + wanted + " ready, " + container.path("image").asString());
    }
    List<String> reasons = new ArrayList<>();
    for (JsonNode pod : cluster.get(PODS).orElse(deployment).path("items")) {
      for (JsonNode status : pod.path("status").path("containerStatuses")) {
        JsonNode waiting = status.path("state").path("waiting");
        JsonNode ended = status.path("lastState").path("terminated");
        if (waiting.isObject()) {
          reasons.add(
              (waiting.path("reason").asString("") + " " + waiting.path("message").asString(""))
                  .strip());
        } else if (ended.isObject()) {
          reasons.add("ended with exit code " + ended.path("exitCode").asInt());
        }
      }
      for (JsonNode condition : pod.path("status").path("conditions")) {
        if (condition.path("reason").asString("").equals("Unschedulable")) {
          reasons.add(condition.path("message").asString(""));
        }
      }
    }
    return Finding.failed(
        "control-plane",
        available
            + " of "
            + wanted
            + " ready"
            + (reasons.isEmpty()
                ? ""
                : ": " + String.join("; ", reasons.stream().distinct().toList())),
        LOGS);
  }

  private Finding certificates() throws IOException {
    Optional<JsonNode> map = cluster.get(ROOTS);
    Optional<JsonNode> secret = cluster.get(SECRET);
    if (map.isEmpty() || secret.isEmpty()) {
      return Finding.failed(
          "certificates",
          map.isEmpty()
              ? "the ConfigMap refmesh-trust-roots is missing"
              : "the Secret refmesh-identity is missing",
          "the control plane makes both when it starts: " + LOGS);
    }
    try {
      roots = Certificates.ofPem(map.get().path("data").path("ca.crt").asString(""));
    } catch (CertificateException e) {
      return Finding.failed(
          "certificates",
          "the ConfigMap refmesh-trust-roots cannot be read: " + e.getMessage(),
          "it holds PEM in ca.crt: the roots that every workload trusts");
    }
    try {
      X509Certificate issuer =
          Certificates.ofBase64(secret.get().path("data").path("tls.crt").asString("")).getFirst();
      if (!signed(issuer)) {
        return Finding.failed(
            "certificates",
            "tls.crt of the Secret refmesh-identity is not signed by a root of refmesh-trust-roots",
            "put an issuer under one of these roots into the Secret refmesh-identity");
      }
      Instant end = issuer.getNotAfter().toInstant();
      for (X509Certificate root : roots) {
        end = root.getNotAfter().toInstant().isBefore(end) ? root.getNotAfter().toInstant() : end;
      }
      Duration left = Duration.between(clock.instant(), end);
      if (left.isNegative()) {
        return Finding.failed(
            "certificates",
            "the CA ended at " + end,
            "put a new issuer into the Secret refmesh-identity; nothing gets a certificate until"
                + " then");
      }
      if (clock.instant().isBefore(issuer.getNotBefore().toInstant())) {
        return Finding.failed(
            "certificates",
            "the CA begins at " + issuer.getNotBefore().toInstant(),
            "look at the clock of whoever made it, and at this one");
      }
      return left.compareTo(SOON) < 0
          ? Finding.warning(
              "certificates",
              "the CA ends in " + left.toDays() + " days, at " + end,
              "put a new issuer into the Secret refmesh-identity in time")
          : Finding.ok("certificates", "the CA is good until " + end);
    } catch (CertificateException e) {
      return Finding.failed(
          "certificates",
          "the Secret refmesh-identity cannot be read: " + e.getMessage(),
          "it holds PEM in ca.crt, tls.crt and tls.key: an issuer under one of the roots");
    }
  }

  /** Nobody is cut off by one that was left; but the mesh goes on trusting a root that is to go. */
  private Finding rotation() throws IOException {
    Optional<JsonNode> next = cluster.get(NEXT);
    return next.isEmpty()
        ? Finding.ok("rotation", "no rotation of the root is under way")
        : Finding.warning(
            "rotation",
            "a rotation of the root has not ended, begun at "
                + next.get().path("metadata").path("creationTimestamp").asString("an unknown time"),
            "mesh identity status says for whom it waits; mesh identity rotate-root --resume goes"
                + " on with it");
  }

  private boolean signed(X509Certificate issuer) {
    return roots.stream()
        .anyMatch(root -> {
          try {
            issuer.verify(root.getPublicKey());
            return true;
          } catch (GeneralSecurityException e) {
            return false;
          }
        });
  }

  private Finding webhooks() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (String kind :
        List.of("mutatingwebhookconfigurations", "validatingwebhookconfigurations")) {
      Optional<JsonNode> found =
          cluster.get("/apis/admissionregistration.k8s.io/v1/" + kind + "/refmesh");
      if (found.isEmpty()) {
        wrong.add(kind + "/refmesh is missing");
        continue;
      }
      for (JsonNode webhook : found.get().path("webhooks")) {
        String name = webhook.path("name").asString();
        String bundle = webhook.path("clientConfig").path("caBundle").asString("");
        if (bundle.isEmpty()) {
          wrong.add(name + " has no caBundle yet");
        } else if (!believes(bundle)) {
          wrong.add(name + " believes another CA than the control plane has");
        }
      }
    }
    return wrong.isEmpty()
        ? Finding.ok("webhooks", "the API server believes the control plane's CA")
        : Finding.failed(
            "webhooks",
            String.join("; ", wrong),
            "the control plane writes caBundle by itself when it may: " + LOGS);
  }

  private boolean believes(String bundle) {
    if (roots.isEmpty()) {
      // Told by the check of the certificates.
      return true;
    }
    try {
      return Certificates.ofBase64(bundle).stream().anyMatch(roots::contains);
    } catch (CertificateException e) {
      return false;
    }
  }
}
