package io.refmesh.cli.rotate;

import io.refmesh.cli.check.Cluster;
import io.refmesh.control.identity.Issuer;
import io.refmesh.control.registry.Annotations;
import io.refmesh.model.identity.RootName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Looks at a cluster, and asks each replica of the control plane what the sidecars hold. */
final class Sight {

  static final String NAMESPACE = "refmesh-system";
  static final String SECRETS = "/api/v1/namespaces/" + NAMESPACE + "/secrets";
  static final String SECRET = SECRETS + "/refmesh-identity";
  static final String NEXT_NAME = "refmesh-identity-next";
  static final String NEXT = SECRETS + "/" + NEXT_NAME;
  static final String ROOTS = "/api/v1/namespaces/" + NAMESPACE + "/configmaps/refmesh-trust-roots";
  static final String OLD_ROOTS = "refmesh.io/old-roots";

  private static final String CONTROL =
      "/api/v1/namespaces/" + NAMESPACE + "/pods?labelSelector=app%3Drefmesh-control";
  private static final String WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/";
  private static final String SIDECAR = "refmesh-proxy";
  private static final int ADMIN = 9990;

  private final Cluster cluster;
  private final Replicas replicas;
  private final InstantSource clock;
  // Signatures are verified once, not with each look.
  private @Nullable Issuing judged;
  private RootName judgedRoot = new RootName("");

  private record Issuing(String chain, List<X509Certificate> roots) {}

  /** Asks a pod of the control plane for its {@code /state}. */
  interface Replicas {
    String state(String namespace, String pod, int port) throws IOException;
  }

  Sight(Cluster cluster, Replicas replicas, InstantSource clock) {
    this.cluster = cluster;
    this.replicas = replicas;
    this.clock = clock;
  }

  Seen look() throws IOException {
    List<X509Certificate> roots = roots(require(ROOTS), "the ConfigMap refmesh-trust-roots");
    Optional<JsonNode> next = cluster.get(NEXT);
    Map<String, Sidecar> sidecars = new HashMap<>();
    List<Seen.Replica> heard = new ArrayList<>();
    for (JsonNode pod : require(CONTROL).path("items")) {
      // One that never ran reads the objects when it does; one that has ended serves nobody.
      if (pod.path("status").path("phase").asString("").equals("Running")) {
        heard.add(replica(pod, sidecars));
      }
    }
    return new Seen(
        names(roots),
        issuerRoot(roots),
        next.isPresent() ? Optional.of(next(next.get())) : Optional.empty(),
        heard,
        webhooks(),
        workloads(sidecars),
        clock.instant());
  }

  /** The sidecar of one workload, as the replicas tell of it. */
  private static final class Sidecar {
    private boolean silent;
    private final List<Seen.Holding> holdings = new ArrayList<>();
  }

  private JsonNode require(String path) throws IOException {
    return cluster
        .get(path)
        .orElseThrow(
            () -> new IOException(path + " is not there (expected: a mesh; look at `mesh check`)"));
  }

  private RootName issuerRoot(List<X509Certificate> roots) throws IOException {
    Issuing now = new Issuing(decode(require(SECRET), "tls.crt"), roots);
    if (!now.equals(judged)) {
      try {
        judgedRoot =
            Issuer.rootOf(now.chain(), roots)
                .orElseThrow(() ->
                    new IOException(
                        "the issuer in the Secret refmesh-identity is under none of the roots in"
                            + " refmesh-trust-roots (expected: under one; look at `mesh check`)"));
      } catch (Issuer.Unusable e) {
        throw new IOException("the Secret refmesh-identity: " + e.getMessage(), e);
      }
      judged = now;
    }
    return judgedRoot;
  }

  private static Seen.Next next(JsonNode secret) throws IOException {
    return new Seen.Next(
        RootName.of(nextRoot(secret)),
        Arrays.stream(annotation(secret, OLD_ROOTS).split(" ", -1))
            .filter(name -> !name.isEmpty())
            .map(RootName::new)
            .collect(Collectors.toSet()));
  }

  static X509Certificate nextRoot(JsonNode secret) throws IOException {
    try {
      return Issuer.roots(decode(secret, "ca.crt")).getFirst();
    } catch (Issuer.Unusable e) {
      throw new IOException("the Secret refmesh-identity-next: " + e.getMessage(), e);
    }
  }

  static List<X509Certificate> roots(JsonNode map, String what) throws IOException {
    try {
      return Issuer.roots(map.path("data").path("ca.crt").asString(""));
    } catch (Issuer.Unusable e) {
      throw new IOException(what + ": " + e.getMessage(), e);
    }
  }

  private Seen.Replica replica(JsonNode pod, Map<String, Sidecar> sidecars) {
    String name = pod.path("metadata").path("name").asString();
    String who = NAMESPACE + "/" + name;
    JsonNode state;
    try {
      state = JsonMapper.shared().readTree(replicas.state(NAMESPACE, name, ADMIN));
    } catch (IOException | RuntimeException e) {
      // Starting, ending or broken: which of them it is, people see better.
      return Seen.Replica.unheard(who, String.valueOf(e.getMessage()));
    }
    JsonNode trust = state.path("trust");
    if (!trust.isObject()) {
      return Seen.Replica.unheard(
          who, "it does not tell whom it trusts (expected: the version of this `mesh`)");
    }
    for (JsonNode proxy : state.path("proxies")) {
      Sidecar sidecar =
          sidecars.computeIfAbsent(
              proxy.path("namespace").asString("") + "/" + proxy.path("workload").asString(""),
              workload -> new Sidecar());
      JsonNode holding = proxy.path("holding");
      if (holding.isObject()) {
        sidecar.holdings.add(
            new Seen.Holding(
                new RootName(holding.path("leafRoot").asString("")),
                Instant.parse(holding.path("leafNotAfter").asString()),
                names(holding.path("roots"))));
      } else {
        sidecar.silent = true;
      }
    }
    return new Seen.Replica(
        who,
        "",
        new RootName(trust.path("leafRoot").asString("")),
        names(trust.path("own")),
        names(trust.path("roots")),
        Duration.ofSeconds(trust.path("forSeconds").asLong(0)));
  }

  private List<Seen.Webhook> webhooks() throws IOException {
    List<Seen.Webhook> found = new ArrayList<>();
    for (String kind :
        List.of("mutatingwebhookconfigurations", "validatingwebhookconfigurations")) {
      Optional<JsonNode> configuration = cluster.get(WEBHOOKS + kind + "/refmesh");
      if (configuration.isEmpty()) {
        continue;
      }
      for (JsonNode webhook : configuration.get().path("webhooks")) {
        found.add(
            new Seen.Webhook(
                "webhook " + webhook.path("name").asString(),
                maybeNames(
                    new String(
                        Base64.getDecoder()
                            .decode(webhook.path("clientConfig").path("caBundle").asString("")),
                        StandardCharsets.US_ASCII))));
      }
    }
    return found;
  }

  private List<Seen.Workload> workloads(Map<String, Sidecar> sidecars) throws IOException {
    Map<String, Seen.Workload> workloads = new TreeMap<>();
    // Most pods carry the same text.
    Map<String, Set<RootName>> read = new HashMap<>();
    for (JsonNode pod : require("/api/v1/pods").path("items")) {
      String phase = pod.path("status").path("phase").asString("");
      if (!annotation(pod, Annotations.INJECTED).equals("true")
          || phase.equals("Succeeded")
          || phase.equals("Failed")) {
        continue;
      }
      String name =
          pod.path("metadata").path("namespace").asString()
              + "/"
              + pod.path("metadata").path("name").asString();
      Sidecar sidecar = sidecars.getOrDefault(name, new Sidecar());
      workloads.put(
          name,
          new Seen.Workload(
              name,
              Optional.of(
                  read.computeIfAbsent(
                      annotation(pod, Annotations.TRUST_ROOTS), Sight::maybeNames)),
              started(pod),
              sidecar.silent,
              sidecar.holdings));
    }
    // A pod that is gone while its sidecar ends.
    sidecars.forEach((name, sidecar) ->
        workloads.putIfAbsent(
            name,
            new Seen.Workload(name, Optional.empty(), true, sidecar.silent, sidecar.holdings)));
    return List.copyOf(workloads.values());
  }

  private static boolean started(JsonNode pod) {
    for (JsonNode status : pod.path("status").path("initContainerStatuses")) {
      if (status.path("name").asString().equals(SIDECAR)) {
        return status.path("state").has("running")
            || status.path("state").has("terminated")
            || !status.path("lastState").isEmpty()
            || status.path("restartCount").asInt(0) > 0;
      }
    }
    return false;
  }

  private static String annotation(JsonNode object, String name) {
    return object.path("metadata").path("annotations").path(name).asString("");
  }

  static String decode(JsonNode secret, String field) throws IOException {
    try {
      return new String(
          Base64.getDecoder().decode(secret.path("data").path(field).asString("")),
          StandardCharsets.US_ASCII);
    } catch (IllegalArgumentException e) {
      throw new IOException(field + " is not base64 (expected: as the API server keeps it)", e);
    }
  }

  private static Set<RootName> names(List<X509Certificate> roots) {
    return roots.stream().map(RootName::of).collect(Collectors.toSet());
  }

  private static Set<RootName> names(JsonNode list) {
    Set<RootName> names = new HashSet<>();
    list.forEach(name -> names.add(new RootName(name.asString())));
    return names;
  }

  /** Of what cannot be read: none. */
  private static Set<RootName> maybeNames(String pem) {
    try {
      return names(Issuer.roots(pem));
    } catch (Issuer.Unusable e) {
      return Set.of();
    }
  }
}
