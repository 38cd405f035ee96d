package io.refmesh.control.kubernetes;

import io.refmesh.control.build.RouteStatus;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.Problem;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes what became of each object into its status, as long as this replica leads: only where it
 * differs, only our part of it, and only upon the version that was judged, so that a leader that
 * was paused cannot undo what the next one wrote. Works on a thread of its own; of what it is told
 * only the newest waits.
 */
public final class StatusWriter implements AutoCloseable {

  /** In {@code status.parents[].controllerName}: which part is ours. */
  public static final String CONTROLLER = "refmesh.io/control-plane";

  private static final Logger LOG = System.getLogger(StatusWriter.class.getName());

  /** Looks again this often: whether we lead now, and whether somebody undid what we wrote. */
  private static final Duration AGAIN = Duration.ofSeconds(10);

  /** Of one state: what is in force, what became of its routes, and everything that is wrong. */
  private record Judged(Contents contents, List<RouteStatus> routes, List<Problem> problems) {}

  private final KubernetesRegistry registry;
  private final ClusterApi api;
  private final BooleanSupplier leading;
  private final InstantSource clock;
  private final Consumer<String> results;
  private final Semaphore signals = new Semaphore(0);
  private final Thread thread;
  private volatile Judged newest = new Judged(Contents.EMPTY, List.of(), List.of());

  /**
   * @param leading whether this replica is the one that writes; asked before each write
   * @param results is told of each write: written, conflict or failed
   */
  StatusWriter(
      KubernetesRegistry registry,
      ClusterApi api,
      BooleanSupplier leading,
      InstantSource clock,
      Consumer<String> results) {
    this.registry = registry;
    this.api = api;
    this.leading = leading;
    this.clock = clock;
    this.results = results;
    thread = Thread.ofVirtual().name("status").start(this::run);
  }

  /** What was built from the newest state; returns at once. */
  public void judged(Contents contents, List<RouteStatus> routes, List<Problem> problems) {
    newest = new Judged(contents, List.copyOf(routes), List.copyOf(problems));
    signals.release();
  }

  @Override
  public void close() {
    thread.interrupt();
  }

  private void run() {
    try {
      while (true) {
        if (signals.tryAcquire(AGAIN.toMillis(), TimeUnit.MILLISECONDS)) {
          signals.drainPermits();
        }
        write();
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private void write() throws InterruptedException {
    Judged judged = newest;
    Map<String, RouteStatus> byObject = new HashMap<>();
    judged
        .routes()
        .forEach(status ->
            byObject.put(status.kind() + " " + status.namespace() + "/" + status.name(), status));
    Map<String, Integer> inForce = new HashMap<>();
    judged
        .contents()
        .resources()
        .forEach(resource -> inForce.put(resource.object(), resource.metadata().generation()));
    for (KubernetesRegistry.Answerable object : registry.answerable()) {
      if (!leading.getAsBoolean()) {
        return;
      }
      String name = object.object().object();
      Optional<ObjectNode> patch =
          object.kind().kind().route()
              ? route(
                  object.object(),
                  Optional.ofNullable(byObject.get(name)),
                  judged.contents().problems())
              : policy(object.object(), Optional.ofNullable(inForce.get(name)), judged);
      if (patch.isPresent()) {
        write(object, patch.get());
      }
    }
  }

  private void write(KubernetesRegistry.Answerable route, ObjectNode patch)
      throws InterruptedException {
    Written object = route.object();
    try {
      api.patchStatus(route.kind(), object.namespace(), object.name(), patch);
      results.accept("written");
    } catch (ApiFailure e) {
      // Changed in the meantime: judged anew, once we have heard of it.
      boolean expected = e.conflict() || e.notFound();
      results.accept(expected ? "conflict" : "failed");
      LOG.log(
          expected ? Level.DEBUG : Level.WARNING,
          "status of {0} not written: {1}",
          object.object(),
          e.getMessage());
    }
  }

  /** Empty when the object says so already, or was changed since it was judged. */
  private Optional<ObjectNode> route(
      Written object, Optional<RouteStatus> status, List<Problem> problems) {
    JsonNode text = ClusterClient.JSON.readTree(object.text());
    JsonNode current = ClusterClient.JSON.readTree(object.status()).path("parents");
    JsonNode references = text.path("spec").path("parentRefs");
    int generation = text.path("metadata").path("generation").asInt(0);
    ArrayNode wanted = JsonNodeFactory.instance.arrayNode();
    current.forEach(parent -> {
      if (!ours(parent)) {
        wanted.add(parent);
      }
    });
    if (status.filter(judged -> isOf(judged, generation)).isPresent()) {
      List<RouteStatus.Parent> parents = status.get().parents();
      for (int index = 0; index < parents.size() && index < references.size(); index++) {
        wanted.add(parent(references.get(index), parents.get(index).conditions(), current));
      }
    } else {
      Optional<Problem> refusal =
          problems.stream().filter(problem -> problem.object().equals(object.object())).findFirst();
      if (refusal.isEmpty()) {
        return Optional.empty();
      }
      RouteStatus.Condition refused =
          condition("UnsupportedValue", sentence(refusal.get()), generation);
      references.forEach(reference -> wanted.add(parent(reference, List.of(refused), current)));
    }
    if (wanted.equals(current)) {
      return Optional.empty();
    }
    return Optional.of(patch(object, "parents", wanted));
  }

  /** As {@link #route}, of an object of our own kinds. */
  private Optional<ObjectNode> policy(Written object, Optional<Integer> inForce, Judged judged) {
    JsonNode text = ClusterClient.JSON.readTree(object.text());
    JsonNode current = ClusterClient.JSON.readTree(object.status()).path("conditions");
    int generation = text.path("metadata").path("generation").asInt(0);
    Optional<Problem> problem =
        judged.problems().stream().filter(one -> one.object().equals(object.object())).findFirst();
    boolean read = inForce.filter(version -> version == generation).isPresent();
    if (!read && problem.isEmpty()) {
      return Optional.empty();
    }
    RouteStatus.Condition condition =
        problem.isPresent()
            ? condition("Invalid", sentence(problem.get()), generation)
            : new RouteStatus.Condition("Accepted", "True", "Accepted", "", generation);
    ArrayNode wanted = JsonNodeFactory.instance.arrayNode();
    current.forEach(other -> {
      if (!other.path("type").asString("").equals(condition.type())) {
        wanted.add(other);
      }
    });
    put(condition, current, wanted.addObject());
    return wanted.equals(current)
        ? Optional.empty()
        : Optional.of(patch(object, "conditions", wanted));
  }

  private static ObjectNode patch(Written object, String field, ArrayNode wanted) {
    ObjectNode patch = JsonNodeFactory.instance.objectNode();
    patch.putObject("metadata").put("resourceVersion", object.resourceVersion());
    patch.putObject("status").set(field, wanted);
    return patch;
  }

  private static RouteStatus.Condition condition(String reason, String message, int generation) {
    return new RouteStatus.Condition("Accepted", "False", reason, message, generation);
  }

  private static String sentence(Problem problem) {
    return (problem.field().isEmpty() ? "" : problem.field() + ": ") + problem.message();
  }

  private static boolean isOf(RouteStatus status, int generation) {
    return status.parents().stream()
        .flatMap(parent -> parent.conditions().stream())
        .allMatch(condition -> condition.observedGeneration() == generation);
  }

  private ObjectNode parent(
      JsonNode reference, List<RouteStatus.Condition> conditions, JsonNode current) {
    ObjectNode parent = JsonNodeFactory.instance.objectNode();
    parent.set("parentRef", reference);
    parent.put("controllerName", CONTROLLER);
    ArrayNode all = parent.putArray("conditions");
    JsonNode before = MissingNode.getInstance();
    for (JsonNode one : current) {
      if (ours(one) && one.path("parentRef").equals(reference)) {
        before = one.path("conditions");
      }
    }
    for (RouteStatus.Condition condition : conditions) {
      put(condition, before, all.addObject());
    }
    return parent;
  }

  private void put(RouteStatus.Condition condition, JsonNode before, ObjectNode into) {
    into.put("type", condition.type());
    into.put("status", condition.status());
    into.put("reason", condition.reason());
    into.put("message", condition.message());
    into.put("observedGeneration", condition.observedGeneration());
    into.put("lastTransitionTime", since(condition, before));
  }

  // When the condition became what it is: as it was written, unless it is another now.
  private String since(RouteStatus.Condition condition, JsonNode before) {
    for (JsonNode one : before) {
      if (one.path("type").asString("").equals(condition.type())
          && one.path("status").asString("").equals(condition.status())) {
        return one.path("lastTransitionTime").asString("");
      }
    }
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static boolean ours(JsonNode parent) {
    return parent.path("controllerName").asString("").equals(CONTROLLER);
  }
}
