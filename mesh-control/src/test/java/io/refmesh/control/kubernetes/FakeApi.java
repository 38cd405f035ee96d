package io.refmesh.control.kubernetes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** An API server in memory that breaks when it is told to. Thread-safe. */
final class FakeApi implements ClusterApi {

  /** A watch as the server sees it. */
  record Open(Kind kind, String since, Events events, CompletableFuture<Void> ended) {
    void fail(ApiFailure failure) {
      ended.completeExceptionally(failure);
    }
  }

  private final Map<Kind, Map<String, JsonNode>> objects = new EnumMap<>(Kind.class);
  private final Map<Kind, ApiFailure> listFailures = new EnumMap<>(Kind.class);
  private final List<Kind.Served> served = new ArrayList<>();
  private final Map<Kind, BlockingQueue<Open>> watches = new EnumMap<>(Kind.class);
  private final Map<Kind, Open> open = new EnumMap<>(Kind.class);
  private final BlockingQueue<String> patches = new LinkedBlockingQueue<>();
  private @Nullable ApiFailure failure;
  private @Nullable ApiFailure patchFailure;
  private long version = 100;
  private int pageSize = 1000;

  FakeApi(Kind... kinds) {
    for (Kind kind : Kind.values()) {
      objects.put(kind, new TreeMap<>());
      watches.put(kind, new LinkedBlockingQueue<>());
      if (kind.builtIn()) {
        serve(kind);
      }
    }
    for (Kind kind : kinds) {
      serve(kind);
    }
  }

  synchronized void serve(Kind kind) {
    served.add(new Kind.Served(kind, kind.versions().getFirst()));
  }

  synchronized void withdraw(Kind kind) {
    served.removeIf(one -> one.kind() == kind);
  }

  /** Everything fails from now on; null: nothing does. */
  synchronized void fail(@Nullable ApiFailure with) {
    failure = with;
    if (with != null) {
      open.values().forEach(watch -> watch.fail(with));
      open.clear();
    }
  }

  synchronized void failLists(Kind kind, ApiFailure with) {
    listFailures.put(kind, with);
  }

  synchronized void failPatches(@Nullable ApiFailure with) {
    patchFailure = with;
  }

  synchronized void pages(int size) {
    pageSize = size;
  }

  /** Adds or changes an object, and tells who watches. */
  synchronized void put(Kind kind, String yaml) {
    tell(kind, put(kind, Manifests.of(yaml)) ? "MODIFIED" : "ADDED", yaml);
  }

  /** As {@link #put}, and nobody is told. */
  synchronized void putUnseen(Kind kind, String yaml) {
    put(kind, Manifests.of(yaml));
  }

  synchronized void delete(Kind kind, String yaml) {
    of(objects, kind).remove(Follower.key(Manifests.of(yaml)));
    tell(kind, "DELETED", yaml);
  }

  synchronized void deleteUnseen(Kind kind, String yaml) {
    of(objects, kind).remove(Follower.key(Manifests.of(yaml)));
  }

  private boolean put(Kind kind, JsonNode object) {
    ((ObjectNode) object.path("metadata")).put("resourceVersion", Long.toString(++version));
    return of(objects, kind).put(Follower.key(object), object) != null;
  }

  private void tell(Kind kind, String type, String yaml) {
    Open watch = open.get(kind);
    if (watch != null) {
      JsonNode object = Manifests.of(yaml);
      ((ObjectNode) object.path("metadata")).put("resourceVersion", Long.toString(version));
      watch.events().event(type, object);
    }
  }

  /** The next watch of a kind that somebody begins. */
  Open nextWatch(Kind kind) throws InterruptedException {
    Open next = of(watches, kind).poll(5, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nobody watches " + kind);
    }
    return next;
  }

  /** A watch that somebody begins within this time. */
  Optional<Open> maybeWatch(Kind kind, Duration within) throws InterruptedException {
    return Optional.ofNullable(of(watches, kind).poll(within.toMillis(), TimeUnit.MILLISECONDS));
  }

  String nextPatch() throws InterruptedException {
    String patch = patches.poll(5, TimeUnit.SECONDS);
    if (patch == null) {
      throw new AssertionError("nothing was patched");
    }
    return patch;
  }

  Optional<String> maybePatch() {
    return Optional.ofNullable(patches.poll());
  }

  @Override
  public synchronized List<Kind.Served> served() throws ApiFailure {
    check();
    return List.copyOf(served);
  }

  @Override
  public synchronized Page list(Kind.Served kind, String next) throws ApiFailure {
    check();
    ApiFailure own = listFailures.get(kind.kind());
    if (own != null) {
      throw own;
    }
    List<JsonNode> all = List.copyOf(of(objects, kind.kind()).values());
    int from = next.isEmpty() ? 0 : Integer.parseInt(next);
    int to = Math.min(all.size(), from + pageSize);
    return new Page(
        all.subList(from, to), Long.toString(version), to < all.size() ? Integer.toString(to) : "");
  }

  @Override
  public synchronized JsonNode get(Kind.Served kind, String name) throws ApiFailure {
    check();
    JsonNode object = of(objects, kind.kind()).get("/" + name);
    if (object == null) {
      throw new ApiFailure(404, "get " + kind.kind().resource() + ": 404 not found");
    }
    return object;
  }

  @Override
  public synchronized Watching watch(Kind.Served kind, String resourceVersion, Events events) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    if (failure != null) {
      ended.completeExceptionally(failure);
    } else {
      Open watch = new Open(kind.kind(), resourceVersion, events, ended);
      open.put(kind.kind(), watch);
      events.opened();
      of(watches, kind.kind()).add(watch);
    }
    return new Watching() {
      @Override
      public CompletableFuture<Void> ended() {
        return ended;
      }

      @Override
      public void close() {
        ended.complete(null);
      }
    };
  }

  @Override
  public void patchStatus(Kind.Served kind, String namespace, String name, JsonNode patch)
      throws ApiFailure {
    synchronized (this) {
      check();
      if (patchFailure != null) {
        throw patchFailure;
      }
    }
    patches.add(kind.kind().text() + " " + namespace + "/" + name + " " + patch);
  }

  @Override
  public void close() {}

  private static <T> T of(Map<Kind, T> map, Kind kind) {
    return Objects.requireNonNull(map.get(kind));
  }

  private void check() throws ApiFailure {
    if (failure != null) {
      throw failure;
    }
  }
}
