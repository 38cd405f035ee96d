package io.refmesh.control.kubernetes;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Follows all objects of one kind: reads them once, watches on from there, and reads them again
 * when the server no longer knows where that was. While the server is away what was known stays.
 * Works on a virtual thread of its own; events are applied on the client's, in order.
 *
 * @param <V> what is kept of an object
 */
final class Follower<V> implements AutoCloseable {

  private static final Logger LOG = System.getLogger(Follower.class.getName());

  private final Kind.Served kind;
  private final ClusterApi api;
  private final Function<JsonNode, Optional<V>> reader;
  private final Runnable changed;
  private final Health health;
  private final Pace pace;
  private final RandomGenerator random;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final CompletableFuture<Void> following = new CompletableFuture<>();
  private final Thread thread;
  // Guarded by this.
  private Map<String, V> items = new HashMap<>();
  private @Nullable List<V> list;
  private String version = "";
  private @Nullable ApiFailure failure;

  /**
   * @param reader what is kept of an object; empty for one that is of no interest now
   * @param changed called after every change of what is kept or of {@link #failure}, on any thread;
   *     must return at once
   */
  Follower(
      Kind.Served kind,
      ClusterApi api,
      Function<JsonNode, Optional<V>> reader,
      Runnable changed,
      Health health,
      Pace pace,
      RandomGenerator random) {
    this.kind = kind;
    this.api = api;
    this.reader = reader;
    this.changed = changed;
    this.health = health;
    this.pace = pace;
    this.random = random;
    thread = Thread.ofVirtual().name("follow " + kind.kind().resource()).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  Kind.Served kind() {
    return kind;
  }

  /** Done when everything was read and the first watch has begun. */
  CompletableFuture<Void> following() {
    return following;
  }

  /** What is known now; the same list until something changes. */
  synchronized List<V> items() {
    List<V> now = list;
    if (now == null) {
      now = List.copyOf(items.values());
      list = now;
    }
    return now;
  }

  /** Why the server cannot be followed now; what was known still holds. */
  synchronized Optional<ApiFailure> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
  }

  private void run() {
    int failures = 0;
    try {
      while (closing.getCount() > 0) {
        Watch watch = new Watch();
        try {
          if (version().isEmpty()) {
            list();
          }
          follow(watch);
          // Ended by the server after its time, which is nothing bad; at once, it is.
          failures = watch.brought() ? 0 : failures + 1;
        } catch (ApiFailure e) {
          failures = watch.brought() ? 1 : failures + 1;
          failed(e);
        } finally {
          watch.end();
        }
        if (failures > 0
            && closing.await(pace.wait(failures, random).toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      // Closed.
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "following " + kind.kind().resource() + " ended unexpectedly", e);
      throw e;
    }
  }

  private void list() throws ApiFailure, InterruptedException {
    Map<String, V> read = new HashMap<>();
    String next = "";
    String resourceVersion;
    do {
      ClusterApi.Page page = api.list(kind, next);
      for (JsonNode object : page.objects()) {
        maybeRead(object).ifPresent(value -> read.put(key(object), value));
      }
      resourceVersion = page.resourceVersion();
      next = page.next();
    } while (!next.isEmpty());
    health.listed();
    synchronized (this) {
      items = read;
      list = null;
      version = resourceVersion;
      failure = null;
    }
    changed.run();
  }

  private void follow(Watch watch) throws ApiFailure, InterruptedException {
    try (ClusterApi.Watching watching = api.watch(kind, version(), watch)) {
      while (true) {
        try {
          watching.ended().get(pace.stall().toMillis(), TimeUnit.MILLISECONDS);
          return;
        } catch (TimeoutException e) {
          if (health.silence().compareTo(pace.stall()) >= 0) {
            throw new ApiFailure(
                0,
                "nothing was heard for "
                    + health.silence().toSeconds()
                    + " s (expected: an event or a bookmark each minute; the watch is begun anew)",
                e);
          }
        }
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ApiFailure known
          ? known
          : new ApiFailure(0, "the watch broke: " + e.getCause(), e);
    }
  }

  private void failed(ApiFailure e) {
    health.broke();
    boolean news;
    synchronized (this) {
      if (e.gone()) {
        // Not a failure: it was away for too long, and reads everything anew.
        version = "";
        news = false;
      } else {
        news = failure == null || !String.valueOf(failure.getMessage()).equals(e.getMessage());
        failure = e;
      }
      if (e.notFound() && !kind.kind().builtIn()) {
        // The kind itself was removed, and all its objects with it.
        news |= !items.isEmpty();
        items = new HashMap<>();
        list = null;
        version = "";
      }
    }
    LOG.log(
        news ? Level.WARNING : Level.DEBUG,
        "{0} not followed: {1}",
        kind.kind().resource(),
        e.getMessage());
    if (news) {
      changed.run();
    }
  }

  private synchronized String version() {
    return version;
  }

  private Optional<V> maybeRead(JsonNode object) {
    try {
      return reader.apply(object);
    } catch (RuntimeException e) {
      // One object that we cannot read must not hide the others.
      LOG.log(
          Level.ERROR, "object not read: " + kind.kind().text() + " " + key(object) + ": " + e, e);
      return Optional.empty();
    }
  }

  static String key(JsonNode object) {
    JsonNode metadata = object.path("metadata");
    return metadata.path("namespace").asString("") + "/" + metadata.path("name").asString("");
  }

  /** One watch; what it brings after its end is too late. */
  private final class Watch implements ClusterApi.Events {

    // Guarded by the follower.
    private boolean ended;
    private boolean brought;

    @Override
    public void opened() {
      boolean recovered;
      synchronized (Follower.this) {
        if (ended) {
          return;
        }
        recovered = failure != null;
        failure = null;
      }
      health.heard();
      following.complete(null);
      if (recovered) {
        LOG.log(Level.INFO, "{0} followed again", kind.kind().resource());
        changed.run();
      }
    }

    @Override
    public void event(String type, JsonNode object) {
      boolean bookmark = type.equals("BOOKMARK");
      Optional<V> value = bookmark || type.equals("DELETED") ? Optional.empty() : maybeRead(object);
      boolean different = false;
      synchronized (Follower.this) {
        if (ended) {
          return;
        }
        brought = true;
        version = object.path("metadata").path("resourceVersion").asString(version);
        if (!bookmark) {
          V before =
              value.isPresent() ? items.put(key(object), value.get()) : items.remove(key(object));
          different = !Objects.equals(before, value.orElse(null));
          if (different) {
            list = null;
          }
        }
      }
      health.heard();
      if (different) {
        changed.run();
      }
    }

    boolean brought() {
      synchronized (Follower.this) {
        return brought;
      }
    }

    void end() {
      synchronized (Follower.this) {
        ended = true;
      }
    }
  }
}
