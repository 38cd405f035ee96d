package io.refmesh.cli.rotate;

import io.refmesh.cli.check.ChangingCluster;
import io.refmesh.control.identity.Issuer;
import io.refmesh.model.identity.RootName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A cluster in memory: an API server, replicas of the control plane that look at it now and then,
 * sidecars that hear of a replica now and then, pods that come, go and start again. A second passes
 * with each {@link #second}. After all that happens it is held that nobody is cut off.
 */
final class World implements ChangingCluster, InstantSource {

  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String MUTATING =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/refmesh";

  /** As long as the API server waits for a webhook. */
  private static final int INJECTION_SECONDS_MAX = 10;

  private final RandomGenerator random;
  private final Map<String, ObjectNode> objects = new TreeMap<>();
  private final Map<String, Set<RootName>> read = new HashMap<>();
  private final Map<RootName, X509Certificate> certificates =
      new TreeMap<>((a, b) -> a.hex().compareTo(b.hex()));
  final List<Replica> replicas = new ArrayList<>();
  final List<Sidecar> sidecars = new ArrayList<>();
  private final Deque<Set<RootName>> injectors = new ArrayDeque<>();
  private Instant now = Instant.parse("2026-11-24T00:00:00Z");
  private long version;
  private int pods;
  int writes;

  /** Whether the write of this number fails, before or after it is done. */
  IntPredicate failsBefore = number -> false;

  IntPredicate failsAfter = number -> false;
  Set<String> forbidden = Set.of();
  boolean podsComeAndGo = true;

  /** Pods of the control plane that serve nobody, with their phases. */
  final Map<String, String> idle = new TreeMap<>();

  final class Replica {
    final String name;
    Set<RootName> roots;
    RootName leafRoot;
    Instant since = now;
    boolean away;

    Replica(String name, RootName root) {
      this.name = name;
      roots = Set.of(root);
      leafRoot = root;
    }

    /** As {@code ClusterIdentity} does every five seconds. */
    void look() {
      Set<RootName> wanted = roots();
      ObjectNode map = object(Sight.ROOTS);
      Set<RootName> dropped =
          Set.of(
                  map.path("metadata")
                      .path("annotations")
                      .path("refmesh.io/dropped-roots")
                      .asString("")
                      .split(" ", -1))
              .stream()
              .map(RootName::new)
              .collect(Collectors.toSet());
      Set<RootName> gone = new HashSet<>(roots);
      gone.removeAll(wanted);
      boolean force =
          map.path("metadata")
              .path("annotations")
              .path("refmesh.io/dropped-by-force")
              .asString("")
              .equals("true");
      boolean needed =
          sidecars.stream().anyMatch(one -> one.replica == this && gone.contains(one.leafRoot));
      if (!wanted.equals(roots)
          && dropped.containsAll(gone)
          && (force || !needed)
          && wanted.contains(leafRoot)) {
        roots = wanted;
        since = now;
      }
      RootName issuer = issuer();
      if (roots.contains(issuer)) {
        leafRoot = issuer;
      }
      if (replicas.getFirst() == this) {
        bundle(roots);
      }
    }
  }

  final class Sidecar {
    final String name;
    Set<RootName> roots = Set.of();
    RootName leafRoot = new RootName("");
    boolean connected;
    boolean silent;
    boolean deaf;
    Replica replica;

    Sidecar(String name) {
      this.name = name;
      replica = any(replicas);
    }

    void start() {
      roots = annotated();
      replica = any(replicas);
      if (!roots.contains(replica.leafRoot)) {
        throw new AssertionError(
            name
                + " cannot start: it trusts "
                + roots
                + ", "
                + replica.name
                + " is under "
                + replica.leafRoot);
      }
      roots = replica.roots;
      leafRoot = replica.leafRoot;
      connected = true;
    }

    Set<RootName> annotated() {
      return names(
          object(path())
              .path("metadata")
              .path("annotations")
              .path("refmesh.io/trust-roots")
              .asString(""));
    }

    String path() {
      return "/api/v1/namespaces/shop/pods/" + name;
    }

    void hear() {
      if (!deaf) {
        roots = replica.roots;
      }
    }

    /** By whichever replica answers. */
    void renew() {
      RootName offered = any(replicas).leafRoot;
      if (!deaf && roots.contains(offered)) {
        leafRoot = offered;
      }
    }
  }

  World(RandomGenerator random, int sidecarCount) throws GeneralSecurityException, IOException {
    this.random = random;
    Issuer.Text first = Issuer.make("cluster.local", now, new SecureRandom()).text();
    ObjectNode secret = meta("Secret", "refmesh-identity");
    ((ObjectNode) secret.path("metadata"))
        .putObject("labels")
        .put("app.kubernetes.io/managed-by", "refmesh-control");
    secret
        .putObject("data")
        .put("ca.crt", encode(first.caCrt()))
        .put("tls.crt", encode(first.tlsCrt()))
        .put("tls.key", encode(first.tlsKey()));
    objects.put(Sight.SECRET, secret);
    ObjectNode map = meta("ConfigMap", "refmesh-trust-roots");
    map.putObject("data").put("ca.crt", first.caCrt()).put("trust-domain", "cluster.local");
    objects.put(Sight.ROOTS, map);
    ObjectNode webhooks = meta("MutatingWebhookConfiguration", "refmesh");
    webhooks.putArray("webhooks").addObject().put("name", "inject").putObject("clientConfig");
    objects.put(MUTATING, webhooks);
    RootName root = roots().iterator().next();
    bundle(Set.of(root));
    replicas.add(new Replica("one", root));
    replicas.add(new Replica("two", root));
    injectors.add(Set.of(root));
    for (int i = 0; i < sidecarCount; i++) {
      inject(Set.of(root)).start();
    }
  }

  @Override
  public Instant instant() {
    return now;
  }

  /** Each Secret brings its root along. */
  RootName issuer() {
    try {
      return names(Sight.decode(object(Sight.SECRET), "ca.crt")).iterator().next();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  Set<RootName> roots() {
    return names(object(Sight.ROOTS).path("data").path("ca.crt").asString());
  }

  /** A second passes, in which everybody may do something. */
  void second() {
    now = now.plusSeconds(1);
    for (Replica replica : replicas) {
      if (random.nextInt(3) == 0) {
        replica.look();
        held();
      }
    }
    for (Sidecar sidecar : List.copyOf(sidecars)) {
      if (sidecar.connected) {
        switch (random.nextInt(4)) {
          case 0 -> sidecar.hear();
          case 1 -> {
            if (!sidecar.leafRoot.equals(sidecar.replica.leafRoot)) {
              sidecar.renew();
            }
          }
          default -> {
            // Nothing.
          }
        }
      } else if (random.nextInt(5) == 0) {
        sidecar.start();
      }
      held();
    }
    injectors.addFirst(any(replicas).roots);
    if (injectors.size() > INJECTION_SECONDS_MAX) {
      injectors.removeLast();
    }
    if (podsComeAndGo) {
      comeAndGo();
      held();
    }
  }

  private void comeAndGo() {
    switch (random.nextInt(12)) {
      case 0 -> {
        Sidecar gone = any(sidecars);
        sidecars.remove(gone);
        objects.remove(gone.path());
      }
      case 1 -> {
        Sidecar again = any(sidecars);
        if (!again.deaf) {
          again.start();
        }
      }
      case 2, 3 -> inject(any(List.copyOf(injectors)));
      default -> {
        // Nothing.
      }
    }
    if (sidecars.size() < 3) {
      inject(injectors.getFirst());
    }
  }

  private Sidecar inject(Set<RootName> roots) {
    Sidecar sidecar = new Sidecar("pod-" + pods++);
    ObjectNode pod = meta("Pod", sidecar.name);
    ((ObjectNode) pod.path("metadata")).put("namespace", "shop");
    ((ObjectNode) pod.path("metadata"))
        .putObject("annotations")
        .put("refmesh.io/injected", "true")
        .put("refmesh.io/trust-roots", pem(roots));
    objects.put(sidecar.path(), pod);
    sidecars.add(sidecar);
    return sidecar;
  }

  /** Everybody believes everybody, but those who hear nothing any more. */
  void held() {
    List<Sidecar> all = sidecars.stream().filter(one -> !one.deaf).toList();
    for (Sidecar one : all) {
      for (Replica replica : replicas) {
        if (one.connected && !one.roots.contains(replica.leafRoot)) {
          throw new AssertionError(one.name + " does not believe " + replica.name);
        }
        if (one.connected && !replica.roots.contains(one.leafRoot)) {
          throw new AssertionError(replica.name + " does not believe " + one.name);
        }
      }
      for (Sidecar other : all) {
        if (one.connected && other.connected && !other.roots.contains(one.leafRoot)) {
          throw new AssertionError(other.name + " does not believe " + one.name);
        }
      }
    }
  }

  @Override
  public Optional<JsonNode> get(String path) {
    if (path.contains("labelSelector")) {
      ObjectNode list = JSON.createObjectNode();
      ArrayNode items = list.putArray("items");
      replicas.forEach(replica -> items.add(controlPod(replica.name, "Running")));
      idle.forEach((name, phase) -> items.add(controlPod(name, phase)));
      return Optional.of(list);
    }
    if (path.equals("/api/v1/pods")) {
      ObjectNode list = JSON.createObjectNode();
      ArrayNode items = list.putArray("items");
      sidecars.forEach(sidecar -> {
        ObjectNode pod = object(sidecar.path());
        ObjectNode status = pod.putObject("status");
        status.put("phase", "Running");
        ObjectNode container = status.putArray("initContainerStatuses").addObject();
        container.put("name", "refmesh-proxy");
        container
            .putObject("state")
            .putObject(sidecar.connected || sidecar.deaf ? "running" : "waiting");
        items.add(pod);
      });
      return Optional.of(list);
    }
    ObjectNode found = objects.get(path);
    return found == null ? Optional.empty() : Optional.of(found.deepCopy());
  }

  @Override
  public boolean may(String verb, String group, String resource, String namespace) {
    return !forbidden.contains(verb + " " + resource);
  }

  @Override
  public Instant time() {
    return now;
  }

  @Override
  public Written create(String path, JsonNode object) throws IOException {
    return write(() -> {
      String name = path + "/" + object.path("metadata").path("name").asString();
      if (objects.containsKey(name)) {
        return Written.OVERTAKEN;
      }
      objects.put(name, stamped((ObjectNode) object.deepCopy()));
      return Written.DONE;
    });
  }

  @Override
  public Written replace(String path, JsonNode object) throws IOException {
    return write(() -> {
      ObjectNode before = objects.get(path);
      if (before == null
          || !before
              .path("metadata")
              .path("resourceVersion")
              .equals(object.path("metadata").path("resourceVersion"))) {
        return Written.OVERTAKEN;
      }
      objects.put(path, stamped((ObjectNode) object.deepCopy()));
      return Written.DONE;
    });
  }

  @Override
  public Written delete(String path) throws IOException {
    return write(() -> objects.remove(path) == null ? Written.OVERTAKEN : Written.DONE);
  }

  private interface Write {
    Written run();
  }

  private Written write(Write write) throws IOException {
    int number = writes++;
    if (failsBefore.test(number)) {
      throw new Crash();
    }
    Written written = write.run();
    held();
    if (failsAfter.test(number)) {
      throw new Crash();
    }
    return written;
  }

  /** Whoever wrote is gone. */
  static final class Crash extends IOException {
    private static final long serialVersionUID = 1;
  }

  @Override
  public String ask(String namespace, String pod, int port, String path) throws IOException {
    Replica replica =
        replicas.stream().filter(one -> one.name.equals(pod)).findFirst().orElseThrow();
    if (replica.away) {
      throw new IOException("nobody listens");
    }
    ObjectNode state = JSON.createObjectNode();
    ObjectNode trust = state.putObject("trust");
    trust.put("leafRoot", replica.leafRoot.hex());
    trust.putArray("own").add(replica.leafRoot.hex());
    ArrayNode roots = trust.putArray("roots");
    replica.roots.forEach(root -> roots.add(root.hex()));
    trust.put("forSeconds", Duration.between(replica.since, now).toSeconds());
    ArrayNode proxies = state.putArray("proxies");
    for (Sidecar sidecar : sidecars) {
      if (!sidecar.connected || sidecar.replica != replica) {
        continue;
      }
      ObjectNode proxy = proxies.addObject().put("namespace", "shop").put("workload", sidecar.name);
      if (!sidecar.silent) {
        ObjectNode holding = proxy.putObject("holding");
        holding.put("leafRoot", sidecar.leafRoot.hex());
        holding.put("leafNotAfter", now.plusSeconds(3600).toString());
        ArrayNode trusted = holding.putArray("roots");
        sidecar.roots.forEach(root -> trusted.add(root.hex()));
      }
    }
    return state.toString();
  }

  private ObjectNode object(String path) {
    ObjectNode found = objects.get(path);
    if (found == null) {
      throw new AssertionError(path + " is not there");
    }
    return found.deepCopy();
  }

  private void bundle(Set<RootName> roots) {
    ObjectNode webhooks = object(MUTATING);
    ((ObjectNode) webhooks.path("webhooks").path(0).path("clientConfig"))
        .put("caBundle", encode(pem(roots)));
    objects.put(MUTATING, stamped(webhooks));
  }

  private Set<RootName> names(String pem) {
    return read.computeIfAbsent(pem, this::parse);
  }

  private Set<RootName> parse(String pem) {
    try {
      Set<RootName> names = new HashSet<>();
      for (X509Certificate root : Issuer.roots(pem)) {
        names.add(RootName.of(root));
        certificates.put(RootName.of(root), root);
      }
      return Set.copyOf(names);
    } catch (Issuer.Unusable e) {
      throw new AssertionError(e);
    }
  }

  private String pem(Set<RootName> roots) {
    try {
      return Issuer.pem(roots.stream().map(certificates::get).toList());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private ObjectNode meta(String kind, String name) {
    ObjectNode object = JSON.createObjectNode().put("kind", kind);
    object.putObject("metadata").put("name", name);
    return stamped(object);
  }

  private ObjectNode controlPod(String name, String phase) {
    ObjectNode pod = meta("Pod", name);
    pod.putObject("status").put("phase", phase);
    return pod;
  }

  private ObjectNode stamped(ObjectNode object) {
    ((ObjectNode) object.path("metadata")).put("resourceVersion", Long.toString(++version));
    return object;
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private static String encode(@Nullable String text) {
    return Base64.getEncoder()
        .encodeToString(String.valueOf(text).getBytes(StandardCharsets.US_ASCII));
  }
}
