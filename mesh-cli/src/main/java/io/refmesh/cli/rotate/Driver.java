package io.refmesh.cli.rotate;

import io.refmesh.cli.check.ChangingCluster;
import io.refmesh.cli.check.ChangingCluster.Written;
import io.refmesh.cli.rotate.Step.Blocker;
import io.refmesh.control.identity.Issuer;
import io.refmesh.control.registry.Annotations;
import io.refmesh.model.identity.RootName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Takes the steps of a {@link Rotation} on a cluster. Each is one write that names the version it
 * replaces; before each everything is looked at anew, so it can end anywhere and another one goes
 * on.
 */
public final class Driver {

  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final String CERT_MANAGER = "cert-manager.io/certificate-name";
  private static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  private static final String CONTROL = "refmesh-control";

  private final ChangingCluster cluster;
  private final Sight sight;
  private final InstantSource clock;
  private final Pause pause;
  private final SecureRandom random;
  private final Progress progress;

  /** Lets time pass. */
  public interface Pause {
    void sleep(Duration duration) throws InterruptedException;
  }

  /** Told of what happens, on the thread that drives. */
  public interface Progress {
    void phase(Rotation.Phase phase);

    /** Each time it is for other reasons. */
    void waiting(List<Blocker> blockers);

    /** By force: these may be cut off. */
    void leftBehind(List<Blocker> workloads);
  }

  /** It cannot go on; the message says for whom or for what. */
  public static final class Stopped extends IOException {
    private static final long serialVersionUID = 1;

    Stopped(String message) {
      super(message);
    }
  }

  public Driver(
      ChangingCluster cluster,
      InstantSource clock,
      Pause pause,
      SecureRandom random,
      Progress progress) {
    this.cluster = cluster;
    this.sight = sight(cluster, clock);
    this.clock = clock;
    this.pause = pause;
    this.random = random;
    this.progress = progress;
  }

  public Seen look() throws IOException {
    return sight.look();
  }

  /** Looks without ever changing anything. */
  public static Seen look(ChangingCluster cluster, InstantSource clock) throws IOException {
    return sight(cluster, clock).look();
  }

  private static Sight sight(ChangingCluster cluster, InstantSource clock) {
    return new Sight(
        cluster, (namespace, pod, port) -> cluster.ask(namespace, pod, port, "/state"), clock);
  }

  /** Makes a new root and an issuer under it; nobody hears of them yet. */
  public void begin(boolean force) throws IOException {
    rights();
    Seen seen = sight.look();
    if (seen.next().isPresent()) {
      throw new Stopped(
          "a rotation is under way, in "
              + Rotation.phase(seen)
              + " (expected: none; `mesh identity rotate-root --resume` goes on with it)");
    }
    JsonNode secret = object(Sight.SECRET);
    requireOurs(secret);
    List<Blocker> obstacles = Rotation.obstacles(seen);
    if (obstacles.stream().anyMatch(blocker -> !force || !blocker.workload())) {
      throw new Stopped("not begun: " + text(obstacles));
    }
    String trustDomain = object(Sight.ROOTS).path("data").path("trust-domain").asString("");
    Issuer.Text made = make(trustDomain);
    ObjectNode next = JsonMapper.shared().createObjectNode();
    next.put("apiVersion", "v1").put("kind", "Secret").put("type", "kubernetes.io/tls");
    ObjectNode metadata = next.putObject("metadata");
    metadata.put("name", Sight.NEXT_NAME).put("namespace", Sight.NAMESPACE);
    metadata
        .putObject("labels")
        .put("app.kubernetes.io/part-of", "refmesh")
        .put(MANAGED_BY, "mesh");
    metadata.putObject("annotations").put(Sight.OLD_ROOTS, seen.issuerRoot().hex());
    next.putObject("data")
        .put("ca.crt", encode(made.caCrt()))
        .put("tls.crt", encode(made.tlsCrt()))
        .put("tls.key", encode(made.tlsKey()));
    if (cluster.create(Sight.SECRETS, next) == Written.OVERTAKEN) {
      throw new Stopped(
          "another rotation has just begun (expected: one at a time; --resume goes on with it)");
    }
  }

  /** Whoever else writes the Secret would put the issuer of before back. */
  private static void requireOurs(JsonNode secret) throws Stopped {
    String manager = secret.path("metadata").path("annotations").path(CERT_MANAGER).asString("");
    boolean ours =
        secret.path("metadata").path("labels").path(MANAGED_BY).asString("").equals(CONTROL);
    if (!manager.isEmpty() || !ours) {
      throw new Stopped(
          "the Secret refmesh-identity "
              + (manager.isEmpty()
                  ? "was not made by the control plane"
                  : "is written by cert-manager, from the Certificate " + manager)
              + " (expected: one with the label "
              + MANAGED_BY
              + ": "
              + CONTROL
              + "; docs/how-to/rotate-the-root.md says how to replace the root of an issuer of your"
              + " own)");
    }
  }

  /**
   * Goes on until there is no rotation any more; throws when nothing has moved for so long.
   *
   * @param force that workloads are left behind which cannot come along
   */
  public void drive(Duration patience, boolean force) throws IOException, InterruptedException {
    rights();
    Instant until = clock.instant().plus(patience);
    Rotation.@Nullable Phase phase = null;
    List<Blocker> before = List.of();
    boolean leaving = false;
    while (true) {
      Seen seen = sight.look();
      if (Rotation.phase(seen) != phase) {
        phase = Rotation.phase(seen);
        progress.phase(phase);
        until = clock.instant().plus(patience);
        leaving = false;
      }
      // Who comes along within its patience need not be left behind.
      Step step = Rotation.next(seen, leaving);
      switch (step) {
        case Step.None() -> {
          return;
        }
        case Step.Wait(List<Blocker> blockers) -> {
          if (!blockers.equals(before)) {
            progress.waiting(blockers);
          }
          before = blockers;
          if (!clock.instant().isBefore(until)) {
            if (leaving || !force || blockers.stream().noneMatch(Blocker::workload)) {
              throw new Stopped(
                  "stopped in "
                      + phase
                      + ", where nobody is cut off: "
                      + text(blockers)
                      + "; `mesh identity rotate-root --resume` goes on");
            }
            progress.leftBehind(blockers.stream().filter(Blocker::workload).toList());
            leaving = true;
          } else {
            pause.sleep(LOOK_EVERY);
          }
        }
        default -> take(step, seen, leaving);
      }
    }
  }

  private void take(Step step, Seen seen, boolean forced) throws IOException {
    switch (step) {
      case Step.TrustBoth() -> trustBoth(seen);
      case Step.Tell(List<String> workloads) -> tell(workloads);
      case Step.SwitchIssuer() -> switchIssuer(seen);
      case Step.DropOld() -> dropOld(seen.next().orElseThrow().old(), forced);
      case Step.Finish() -> cluster.delete(Sight.NEXT);
      case Step.None none -> throw new IllegalStateException("nothing is taken: " + none);
      case Step.Wait wait -> throw new IllegalStateException("nothing is taken: " + wait);
    }
  }

  // Whoever overtakes one of these writes is seen by the next look.

  private void trustBoth(Seen seen) throws IOException {
    JsonNode next = next(seen);
    ObjectNode map = object(Sight.ROOTS);
    Set<X509Certificate> roots =
        new LinkedHashSet<>(Sight.roots(map, "the ConfigMap refmesh-trust-roots"));
    roots.add(Sight.nextRoot(next));
    put(map, roots);
    cluster.replace(Sight.ROOTS, map);
  }

  private void tell(List<String> workloads) throws IOException {
    String pem = object(Sight.ROOTS).path("data").path("ca.crt").asString();
    for (String workload : workloads) {
      int slash = workload.indexOf('/');
      String path =
          "/api/v1/namespaces/"
              + workload.substring(0, slash)
              + "/pods/"
              + workload.substring(slash + 1);
      JsonNode pod = cluster.get(path).orElse(null);
      if (pod != null && pod.path("metadata").path("annotations") instanceof ObjectNode notes) {
        notes.put(Annotations.TRUST_ROOTS, pem);
        cluster.replace(path, pod);
      }
    }
  }

  private void switchIssuer(Seen seen) throws IOException {
    JsonNode next = next(seen);
    ObjectNode secret = object(Sight.SECRET);
    secret.set("data", next.path("data"));
    cluster.replace(Sight.SECRET, secret);
  }

  /** The one that was looked at, not one of a rotation that came after it. */
  private JsonNode next(Seen seen) throws IOException {
    JsonNode next = object(Sight.NEXT);
    if (!RootName.of(Sight.nextRoot(next)).equals(seen.next().orElseThrow().root())) {
      throw new Stopped("another rotation has begun meanwhile (expected: one at a time)");
    }
    return next;
  }

  private void dropOld(Set<RootName> old, boolean forced) throws IOException {
    ObjectNode map = object(Sight.ROOTS);
    put(
        map,
        Sight.roots(map, "the ConfigMap refmesh-trust-roots").stream()
            .filter(root -> !old.contains(RootName.of(root)))
            .collect(Collectors.toCollection(LinkedHashSet::new)));
    ObjectNode metadata = (ObjectNode) map.path("metadata");
    ObjectNode notes =
        metadata.path("annotations") instanceof ObjectNode found
            ? found
            : metadata.putObject("annotations");
    notes.put(
        Annotations.DROPPED_ROOTS,
        old.stream().map(RootName::hex).sorted().collect(Collectors.joining(" ")));
    notes.put(Annotations.DROPPED_BY_FORCE, Boolean.toString(forced));
    cluster.replace(Sight.ROOTS, map);
  }

  private static void put(ObjectNode map, Set<X509Certificate> roots) throws IOException {
    try {
      ((ObjectNode) map.path("data")).put("ca.crt", Issuer.pem(roots));
    } catch (GeneralSecurityException e) {
      throw new IOException("roots that were read cannot be written: " + e.getMessage(), e);
    }
  }

  private void rights() throws IOException {
    for (Right right :
        List.of(
            new Right("get", "secrets", Sight.NAMESPACE),
            new Right("create", "secrets", Sight.NAMESPACE),
            new Right("update", "secrets", Sight.NAMESPACE),
            new Right("delete", "secrets", Sight.NAMESPACE),
            new Right("update", "configmaps", Sight.NAMESPACE),
            new Right("list", "pods", ""),
            new Right("update", "pods", ""))) {
      if (!cluster.may(right.verb, "", right.resource, right.namespace)) {
        throw new Stopped(
            "you may not "
                + right.verb
                + " "
                + right.resource
                + (right.namespace.isEmpty() ? " in every namespace" : " in " + right.namespace)
                + " (expected: somebody with the role cluster-admin)");
      }
    }
  }

  private record Right(String verb, String resource, String namespace) {}

  private ObjectNode object(String path) throws IOException {
    return cluster
        .get(path)
        .map(ObjectNode.class::cast)
        .orElseThrow(() -> new IOException(path + " is gone (expected: it stays)"));
  }

  private Issuer.Text make(String trustDomain) throws IOException {
    try {
      return Issuer.make(trustDomain, clock.instant(), random).text();
    } catch (GeneralSecurityException e) {
      throw new IOException("no issuer can be made: " + e.getMessage(), e);
    }
  }

  private static String text(List<Blocker> blockers) {
    return blockers.stream().map(Blocker::toString).collect(Collectors.joining("; "));
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
