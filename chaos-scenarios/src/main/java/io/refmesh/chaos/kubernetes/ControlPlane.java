package io.refmesh.chaos.kubernetes;

import io.refmesh.chaos.intruder.Forgery;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.control.identity.CertificateAuthority;
import io.refmesh.control.identity.Issuer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The control plane of the cluster: every replica's state, its end and its return, its issuer. */
final class ControlPlane {

  static final String NAMESPACE = "refmesh-system";

  private static final String NAME = "refmesh-control";
  private static final int ADMIN = 9990;
  private static final Duration READY_WITHIN = Duration.ofSeconds(90);
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final ClusterApi api;
  private final Nodes nodes;
  private final HttpJson http;
  private int replicas;

  ControlPlane(ClusterApi api, Nodes nodes, HttpJson http) {
    this.api = api;
    this.nodes = nodes;
    this.http = http;
  }

  /** Throws unless the mesh is installed and serves. */
  static void require(ClusterApi api) throws IOException, InterruptedException {
    JsonNode deployment =
        api.get(deployment())
            .orElseThrow(() ->
                new IOException(
                    "no mesh is installed: there is no Deployment "
                        + NAMESPACE
                        + "/"
                        + NAME
                        + " (expected: `mesh install | kubectl apply -f -` before)"));
    if (deployment.path("status").path("readyReplicas").asInt(0) == 0) {
      throw new IOException(
          "no replica of the Deployment " + NAMESPACE + "/" + NAME + " is ready (expected: one)");
    }
  }

  /** What {@code /state} of every replica that runs says. */
  List<JsonNode> states() throws IOException, InterruptedException {
    List<JsonNode> states = new ArrayList<>();
    for (JsonNode pod : pods()) {
      String address = pod.path("status").path("podIP").asString("");
      if (!address.isEmpty() && !pod.path("metadata").hasNonNull("deletionTimestamp")) {
        states.add(http.get("http://" + address + ":" + ADMIN + "/state"));
      }
    }
    return states;
  }

  /**
   * Asks for none, and kills those that there are in the same moment: left alone they would say
   * goodbye first, and killed before, their nodes would start them again.
   */
  void kill() throws IOException, InterruptedException {
    replicas = Math.max(1, api.require(deployment()).path("spec").path("replicas").asInt(1));
    List<Nodes.Aim> aims = new ArrayList<>();
    for (JsonNode pod : pods()) {
      List<String> containers = new ArrayList<>();
      for (JsonNode status : pod.path("status").path("containerStatuses")) {
        if (status.path("state").has("running")) {
          containers.add(status.path("containerID").asString(""));
        }
      }
      if (!containers.isEmpty()) {
        aims.add(nodes.aim(pod.path("spec").path("nodeName").asString(""), containers));
      }
    }
    scale(0);
    for (Nodes.Aim aim : aims) {
      aim.fire();
    }
  }

  /** Waits until as many are ready as there were. */
  void start() throws IOException, InterruptedException {
    scale(Math.max(1, replicas));
    for (long rounds = READY_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      JsonNode deployment = api.require(deployment());
      JsonNode status = deployment.path("status");
      if (status.path("observedGeneration").asLong(0)
              >= deployment.path("metadata").path("generation").asLong(1)
          && status.path("readyReplicas").asInt(0) >= replicas) {
        return;
      }
      Thread.sleep(LOOK_EVERY);
    }
    throw new IOException(
        "the control plane was not ready within " + READY_WITHIN.toSeconds() + " s");
  }

  Forgery forgery(Path foreign) throws IOException, InterruptedException {
    String trustDomain =
        api.require(Kinds.path("v1", "ConfigMap", NAMESPACE, "refmesh-trust-roots"))
            .path("data")
            .path("trust-domain")
            .asString("cluster.local")
            .strip();
    JsonNode secret =
        api.require(Kinds.path("v1", "Secret", NAMESPACE, "refmesh-identity")).path("data");
    Issuer.Text text =
        new Issuer.Text(
            decoded(secret, "ca.crt"), decoded(secret, "tls.crt"), decoded(secret, "tls.key"));
    InstantSource now = InstantSource.system();
    return new Forgery(
        clock -> {
          try {
            SecureRandom random = new SecureRandom();
            Issuer issuer =
                Issuer.read(text, Issuer.roots(text.caCrt()), trustDomain, now.instant(), random);
            return CertificateAuthority.of(trustDomain, issuer, clock, random);
          } catch (Issuer.Unusable e) {
            throw new IOException("Secret refmesh-identity: " + e.getMessage(), e);
          }
        },
        foreign,
        trustDomain,
        now);
  }

  private void scale(int count) throws IOException, InterruptedException {
    api.merge(deployment() + "/scale", Map.of("spec", Map.of("replicas", count)));
  }

  private List<JsonNode> pods() throws IOException, InterruptedException {
    List<JsonNode> pods = new ArrayList<>();
    api.require(Kinds.collection("v1", "Pod", NAMESPACE) + "?labelSelector=app%3D" + NAME)
        .path("items")
        .forEach(pods::add);
    return pods;
  }

  private static String deployment() {
    return Kinds.path("apps/v1", "Deployment", NAMESPACE, NAME);
  }

  private static String decoded(JsonNode secret, String name) {
    return new String(
        Base64.getDecoder().decode(secret.path(name).asString("")), StandardCharsets.UTF_8);
  }
}
