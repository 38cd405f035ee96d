package io.refmesh.control.kubernetes;

import io.refmesh.control.identity.PodAddresses;
import io.refmesh.control.inject.Namespaces;
import io.refmesh.control.inject.PodNamespace;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.LastGood;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Registry;
import io.refmesh.control.registry.ResourceParser;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A cluster as the source of truth: pods are what runs; Services, Namespaces, routes and our kinds
 * are what was written down, read as local mode reads them. What was known goes on being told while
 * the API server is away. One thread puts together what the followers of the kinds know, at most
 * every 20 ms; another asks now and then which kinds there are.
 */
public final class KubernetesRegistry implements Registry, PodAddresses, Namespaces {

  private static final Logger LOG = System.getLogger(KubernetesRegistry.class.getName());

  /** A deployment that rolls brings a dozen events at once. */
  private static final Duration TOGETHER = Duration.ofMillis(20);

  private static final Duration ASK_WHETHER_FOLLOWING = Duration.ofMillis(50);

  private final ClusterApi api;
  private final InstantSource clock;
  private final RandomGenerator random;
  private final Pace pace;
  private final Consumer<Health> healths;
  private final LastGood lastGood = new LastGood((name, text) -> ResourceParser.parseObject(text));
  private final Semaphore signals = new Semaphore(0);
  private final CountDownLatch closing = new CountDownLatch(1);
  private final List<Thread> threads = new ArrayList<>();
  // Guarded by this.
  private final Map<Kind, Health> known = new EnumMap<>(Kind.class);
  private final Map<Kind, Follower<Written>> written = new EnumMap<>(Kind.class);
  private @Nullable Follower<Pod> pods;
  private PodsByAddress addresses = new PodsByAddress(List.of());
  private @Nullable Follower<Node> nodes;

  /**
   * @param healths is told of each kind that is followed, once
   */
  public KubernetesRegistry(
      ClusterClient client, InstantSource clock, RandomGenerator random, Consumer<Health> healths) {
    this(client, clock, random, healths, Pace.STANDARD);
  }

  KubernetesRegistry(
      ClusterApi api,
      InstantSource clock,
      RandomGenerator random,
      Consumer<Health> healths,
      Pace pace) {
    this.api = api;
    this.clock = clock;
    this.random = random;
    this.healths = healths;
    this.pace = pace;
  }

  @Override
  public View load() throws Unavailable, InterruptedException {
    long rounds = pace.start().dividedBy(ASK_WHETHER_FOLLOWING);
    Optional<String> reason;
    boolean asked = false;
    do {
      try {
        if (!asked) {
          follow(api.served());
          asked = true;
        }
        reason = notFollowing();
        if (reason.isEmpty()) {
          return view();
        }
      } catch (ApiFailure e) {
        if (e.refused()) {
          throw new Unavailable(String.valueOf(e.getMessage()), e);
        }
        reason = Optional.ofNullable(e.getMessage());
      }
    } while (rounds-- > 0
        && !closing.await(ASK_WHETHER_FOLLOWING.toMillis(), TimeUnit.MILLISECONDS));
    throw new Unavailable(reason.orElse("") + "; gave up after " + pace.start().toSeconds() + " s");
  }

  @Override
  public void watch(Consumer<View> listener) {
    // From what load returned on, whatever was signalled until then.
    signals.release();
    start(
        "registry",
        () -> {
          View told = null;
          while (closing.getCount() > 0) {
            signals.acquire();
            signals.drainPermits();
            View now = view();
            if (!now.equals(told)) {
              told = now;
              listener.accept(now);
            }
            if (closing.await(TOGETHER.toMillis(), TimeUnit.MILLISECONDS)) {
              return;
            }
          }
        });
    start(
        "kinds",
        () -> {
          while (!closing.await(pace.kinds().toMillis(), TimeUnit.MILLISECONDS)) {
            try {
              follow(api.served());
            } catch (ApiFailure e) {
              // The followers tell of it.
              LOG.log(Level.DEBUG, "kinds not asked for: {0}", e.getMessage());
            }
          }
        });
  }

  /**
   * Starts to write what became of objects into their status.
   *
   * @param leading whether this replica is the one that writes; asked before each write
   * @param results is told of each write: written, conflict or failed
   */
  public StatusWriter writeStatus(BooleanSupplier leading, Consumer<String> results) {
    return new StatusWriter(this, api, leading, clock, results);
  }

  @Override
  public synchronized Optional<String> podAt(String address) {
    List<Pod> now = pods == null ? List.of() : pods.items();
    if (!addresses.of(now)) {
      addresses = new PodsByAddress(now);
    }
    return addresses.owner(address);
  }

  @Override
  public PodNamespace get(String name) throws IOException, InterruptedException {
    Optional<Written> known;
    synchronized (this) {
      known =
          Optional.ofNullable(written.get(Kind.NAMESPACE)).stream()
              .flatMap(follower -> follower.items().stream())
              .filter(namespace -> namespace.name().equals(name))
              .findFirst();
    }
    JsonNode object;
    if (known.isPresent()) {
      object = ClusterClient.JSON.readTree(known.get().text());
    } else {
      try {
        object = api.get(new Kind.Served(Kind.NAMESPACE, "v1"), name);
      } catch (ApiFailure e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    JsonNode metadata = object.path("metadata");
    return new PodNamespace(
        name, Metadatas.texts(metadata.path("labels")), Metadatas.annotations(metadata));
  }

  /** An object whose status is ours to write. */
  record Answerable(Kind.Served kind, Written object) {}

  /** The routes that are about Services and the objects of our kinds, by name. */
  synchronized List<Answerable> answerable() {
    return written.values().stream()
        .filter(follower -> follower.kind().kind().answered())
        .flatMap(follower ->
            follower.items().stream().map(object -> new Answerable(follower.kind(), object)))
        .sorted(Comparator.comparing(one -> one.object().object()))
        .toList();
  }

  @Override
  public void close() {
    closing.countDown();
    List<Follower<?>> following;
    synchronized (this) {
      following = followers();
    }
    following.forEach(Follower::close);
    threads.forEach(Thread::interrupt);
    api.close();
  }

  private interface Work {
    void run() throws InterruptedException;
  }

  private void start(String name, Work work) {
    threads.add(
        Thread.ofVirtual()
            .name(name)
            .start(() -> {
              try {
                work.run();
              } catch (InterruptedException e) {
                // Closed.
              }
            }));
  }

  /** Starts to follow kinds that are new, and ends it for those that are gone or have moved on. */
  private synchronized void follow(List<Kind.Served> served) {
    if (closing.getCount() == 0) {
      return;
    }
    Map<Kind, Kind.Served> now =
        served.stream().collect(Collectors.toMap(Kind.Served::kind, kind -> kind));
    boolean fewer =
        written
            .values()
            .removeIf(follower -> {
              boolean gone = !follower.kind().equals(now.get(follower.kind().kind()));
              if (gone) {
                follower.close();
              }
              return gone;
            });
    if (pods == null) {
      Kind.Served kind = new Kind.Served(Kind.POD, "v1");
      pods =
          started(
              new Follower<>(kind, api, Pod::read, signals::release, health(kind), pace, random));
    }
    if (nodes == null) {
      Kind.Served kind = new Kind.Served(Kind.NODE, "v1");
      nodes =
          started(
              new Follower<>(kind, api, Node::read, signals::release, health(kind), pace, random));
    }
    for (Kind.Served kind : served) {
      if (kind.kind() != Kind.POD
          && kind.kind() != Kind.NODE
          && !written.containsKey(kind.kind())) {
        written.put(
            kind.kind(),
            started(
                new Follower<>(
                    kind,
                    api,
                    object -> Written.read(kind, object),
                    signals::release,
                    health(kind),
                    pace,
                    random)));
      }
    }
    if (fewer) {
      signals.release();
    }
  }

  private static <V> Follower<V> started(Follower<V> follower) {
    follower.start();
    return follower;
  }

  private Health health(Kind.Served kind) {
    return known.computeIfAbsent(
        kind.kind(),
        key -> {
          Health health = new Health(key.resource(), clock);
          healths.accept(health);
          return health;
        });
  }

  /** Why not everything was read yet; throws when waiting cannot help. */
  private synchronized Optional<String> notFollowing() throws Unavailable {
    List<Follower<?>> waiting =
        followers().stream().filter(follower -> !follower.following().isDone()).toList();
    if (waiting.isEmpty()) {
      return Optional.empty();
    }
    List<ApiFailure> failures =
        waiting.stream().flatMap(follower -> follower.failure().stream()).toList();
    if (failures.size() == waiting.size() && failures.stream().anyMatch(ApiFailure::refused)) {
      throw new Unavailable(
          failures.stream()
              .filter(ApiFailure::refused)
              .map(failure -> String.valueOf(failure.getMessage()))
              .distinct()
              .collect(Collectors.joining("\n")));
    }
    return Optional.of(
        failures.stream()
            .map(failure -> String.valueOf(failure.getMessage()))
            .findFirst()
            .orElse(
                "the API server has not answered for "
                    + waiting.stream()
                        .map(follower -> follower.kind().kind().resource())
                        .collect(Collectors.joining(", "))
                    + " (expected: a list of all)"));
  }

  // Under the lock.
  private List<Follower<?>> followers() {
    return Stream.<@Nullable Follower<?>>concat(Stream.of(pods, nodes), written.values().stream())
        .<Follower<?>>mapMulti((follower, next) -> {
          if (follower != null) {
            next.accept(follower);
          }
        })
        .toList();
  }

  private synchronized View view() {
    Map<String, String> texts = new TreeMap<>();
    written
        .values()
        .forEach(follower ->
            follower.items().forEach(object -> texts.put(object.object(), object.text())));
    Contents contents = lastGood.update(texts, Map.of());
    List<Problem> problems = new ArrayList<>(contents.problems());
    problems.addAll(lost());
    return new View(new Contents(contents.resources(), problems), instances());
  }

  private List<Instance> instances() {
    Map<String, String> zones =
        nodes == null
            ? Map.of()
            : nodes.items().stream().collect(Collectors.toMap(Node::name, Node::zone));
    // An address is given to the next pod before the last is quite gone.
    Map<String, Pod> byAddress = new TreeMap<>();
    List<Pod> taken = new ArrayList<>();
    for (Pod pod : pods == null ? List.<Pod>of() : pods.items()) {
      if (pod.hostNetwork()) {
        taken.add(pod);
      } else {
        byAddress.merge(pod.address(), pod, Pod::living);
      }
    }
    taken.addAll(byAddress.values());
    return taken.stream()
        .map(pod -> pod.instance(zones))
        .sorted((a, b) -> a.qualifiedName().compareTo(b.qualifiedName()))
        .toList();
  }

  /** What cannot be followed now, and what of ours was never installed. */
  private List<Problem> lost() {
    List<Problem> lost = new ArrayList<>();
    for (Follower<?> follower : followers()) {
      follower
          .failure()
          .ifPresent(failure ->
              lost.add(
                  problem(
                      follower.kind().kind(),
                      failure.getMessage() + "; what was known of it before still holds")));
    }
    for (Kind kind : Written.kinds()) {
      if (kind.ours() && !written.containsKey(kind)) {
        lost.add(
            problem(
                kind,
                "the API server does not know it (expected: its CustomResourceDefinition, which"
                    + " mesh install applies; until then there is none)"));
      }
    }
    return lost;
  }

  private static Problem problem(Kind kind, String message) {
    return new Problem("", 0, 0, "Kubernetes API " + kind.resource(), "", message);
  }
}
