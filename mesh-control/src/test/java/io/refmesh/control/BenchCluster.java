package io.refmesh.control;

import io.refmesh.control.kubernetes.FakeApiServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** 5,000 pods of 500 Services in an API server of memory, which believes every token. */
final class BenchCluster implements AutoCloseable {

  static final int SERVICES = 500;
  static final int PODS_EACH = 10;
  static final int PORT = 8080;
  static final String NAMESPACE = "load";

  private static final String ACCOUNT = "system:serviceaccount:" + NAMESPACE + ":";

  private final FakeApiServer api = new FakeApiServer();
  private final boolean[][] ready = new boolean[SERVICES][PODS_EACH];

  BenchCluster() throws IOException {
    for (String kind : List.of("pods", "nodes", "namespaces", "services")) {
      api.serve("/api/v1/" + kind);
    }
    api.review = BenchCluster::review;
    api.put("/api/v1/namespaces/" + NAMESPACE, object("Namespace", "", NAMESPACE, ""));
    for (int service = 0; service < SERVICES; service++) {
      String name = "s" + service;
      api.put(
          "/api/v1/namespaces/" + NAMESPACE + "/services/" + name,
          object(
              "Service",
              NAMESPACE,
              name,
              """
              , "spec": {"clusterIP": "10.96.%d.%d", "selector": {"app": "%s"}, "ports": [{"name": "http", "port": %d}]}
              """
                  .formatted(service / 250, 1 + service % 250, name, PORT)));
      for (int pod = 0; pod < PODS_EACH; pod++) {
        ready[service][pod] = true;
        put(service, pod);
      }
    }
  }

  /** Makes a pod that is ready one that is not, and the other way round. */
  void flip(int service, int pod) {
    ready[service][pod] = !ready[service][pod];
    put(service, pod);
  }

  /** Of about the size that pods with a sidecar have. */
  private void put(int service, int pod) {
    String app = "s" + service;
    api.put(
        "/api/v1/namespaces/" + NAMESPACE + "/pods/" + pod(service, pod),
        """
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "%s", "name": "%s", "creationTimestamp": "2026-11-23T10:00:00Z",
          "labels": {"app": "%s", "pod-template-hash": "7d4b9c"}, "annotations": {"refmesh.io/injected": "true", "refmesh.io/trust-roots": "%s"},
          "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:status": "%s"}}]},
         "spec": {"serviceAccountName": "%s", "nodeName": "node-%d", "containers": [{"name": "app", "image": "example.org/app:1", "ports": [{"containerPort": %d}]}]},
         "status": {"phase": "Running", "podIP": "%s", "conditions": [{"type": "Ready", "status": "%s"}]}}
        """
            .formatted(
                NAMESPACE,
                pod(service, pod),
                app,
                "c".repeat(900),
                "m".repeat(1_500),
                app,
                pod % 4,
                PORT,
                ip(service, pod),
                ready[service][pod] ? "True" : "False"));
  }

  static String pod(int service, int pod) {
    return "s" + service + "-" + pod;
  }

  static String ip(int service, int pod) {
    return "10.244." + service / 25 + "." + (1 + service % 25 * PODS_EACH + pod);
  }

  private static String object(String kind, String namespace, String name, String rest) {
    return "{\"apiVersion\": \"v1\", \"kind\": \""
        + kind
        + "\", \"metadata\": {"
        + (namespace.isEmpty() ? "" : "\"namespace\": \"" + namespace + "\", ")
        + "\"name\": \""
        + name
        + "\", \"creationTimestamp\": \"2026-11-23T10:00:00Z\"}"
        + rest
        + "}";
  }

  private static String review(JsonNode sent) {
    String token = sent.path("spec").path("token").asString("");
    String claims =
        new String(
            Base64.getUrlDecoder().decode(token.split("\\.", -1)[1]), StandardCharsets.UTF_8);
    String user = JsonMapper.shared().readTree(claims).path("sub").asString();
    return """
    {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "metadata": {}, "status":
      {"authenticated": true, "audiences": ["refmesh.io"], "user": {"username": "%s"}}}
    """
        .formatted(user);
  }

  String url() {
    return api.url();
  }

  /** What the control plane handed out; it has to be ready. */
  X509Certificate root() throws Exception {
    String pem =
        api.at("/api/v1/namespaces/refmesh-system/configmaps/refmesh-trust-roots")
            .path("data")
            .path("ca.crt")
            .asString();
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
  }

  /** How many endpoints of a Service are ready. */
  int expected(int service) {
    int count = 0;
    for (boolean one : ready[service]) {
      count += one ? 1 : 0;
    }
    return count;
  }

  /** Of the service account of a Service's pods, signed by nobody: {@link #review} believes it. */
  static String token(int service) {
    String claims =
        "{\"aud\":[\"refmesh.io\"],\"sub\":\""
            + ACCOUNT
            + "s"
            + service
            + "\",\"exp\":"
            + Instant.now().plusSeconds(3_600).getEpochSecond()
            + "}";
    Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    return encoder.encodeToString("{}".getBytes(StandardCharsets.UTF_8))
        + "."
        + encoder.encodeToString(claims.getBytes(StandardCharsets.UTF_8))
        + ".bench";
  }

  @Override
  public void close() {
    api.close();
  }
}
