package io.refmesh.proxy.control;

import io.refmesh.model.wire.v1.WatchRequest;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Who watches things of one kind, and what the control plane said of each last. What was said of a
 * thing outlives its last watcher: whoever asks again is told it when the control plane is away,
 * and only then. Confined to the client's thread, but {@link #watch} and {@link #states}, which are
 * safe on any.
 */
final class Watches<K, S> {

  private static final Logger LOG = Logger.getLogger(Watches.class.getName());

  /**
   * What is behind.
   *
   * @param send puts a request on the stream, if there is one
   * @param live whether the control plane has spoken on it
   * @param later runs something on the client's thread
   */
  record Wire(Consumer<WatchRequest> send, BooleanSupplier live, Consumer<Runnable> later) {}

  /** One thing that somebody watches, or watched. */
  private static final class Watched<W, S> {
    final List<W> watchers = new CopyOnWriteArrayList<>();
    volatile @Nullable S state;

    /** The state was said to those who watch now, not to others before them. */
    boolean current;
  }

  /** Of those that nobody watches any more, how many are remembered. */
  static final int REMEMBERED_MOST = 1_000;

  private final Map<K, Watched<Watcher, S>> watched = new ConcurrentHashMap<>();

  /** What nobody watches any more, the first to be forgotten first. */
  private final Set<K> remembered = new LinkedHashSet<>();

  private final Wire wire;
  private final Function<K, WatchRequest> subscribe;
  private final Function<K, WatchRequest> unsubscribe;

  Watches(Wire wire, Function<K, WatchRequest> subscribe, Function<K, WatchRequest> unsubscribe) {
    this.wire = wire;
    this.subscribe = subscribe;
    this.unsubscribe = unsubscribe;
  }

  /** One watcher of one thing. */
  final class Watcher {
    private final K key;
    private final Consumer<S> listener;
    private volatile @Nullable S state;

    private Watcher(K key, Consumer<S> listener) {
      this.key = key;
      this.listener = listener;
    }

    private void tell(S newState) {
      listener.accept(newState);
      state = newState;
    }

    Optional<S> state() {
      return Optional.ofNullable(state);
    }

    void close() {
      wire.later().accept(() -> remove(this));
    }
  }

  Watcher watch(K key, Consumer<S> listener) {
    Watcher watcher = new Watcher(key, listener);
    wire.later().accept(() -> add(watcher));
    return watcher;
  }

  /** The last state that was accepted, of those that have one. */
  Map<K, S> states() {
    Map<K, S> states = new HashMap<>();
    watched.forEach((key, entry) -> {
      S state = entry.state;
      if (state != null && (!entry.watchers.isEmpty() || !wire.live().getAsBoolean())) {
        states.put(key, state);
      }
    });
    return states;
  }

  /** On a new stream: asks for everything that is watched. */
  void subscribeAll() {
    watched.forEach((key, entry) -> {
      if (!entry.watchers.isEmpty()) {
        wire.send().accept(subscribe.apply(key));
      }
    });
  }

  /** The control plane is away: who still waits for an answer is told what is remembered. */
  void away() {
    watched
        .values()
        .forEach(entry -> {
          for (Watcher watcher : entry.watchers) {
            if (watcher.state == null) {
              tellLast(entry, watcher);
            }
          }
        });
  }

  /** Tells the watchers; what one of them throws refuses the state for all. */
  void accept(K key, S state) {
    Watched<Watcher, S> entry = watched.get(key);
    if (entry == null) {
      // Crossed with the unsubscribe: nobody wants it any more.
      return;
    }
    for (Watcher watcher : entry.watchers) {
      watcher.tell(state);
    }
    entry.state = state;
    entry.current = true;
  }

  private void add(Watcher watcher) {
    Watched<Watcher, S> entry = watched.computeIfAbsent(watcher.key, key -> new Watched<>());
    if (entry.watchers.isEmpty()) {
      entry.current = false;
      remembered.remove(watcher.key);
      wire.send().accept(subscribe.apply(watcher.key));
    }
    entry.watchers.add(watcher);
    // What is remembered may be old: a control plane that is there says something newer at once.
    if (entry.current || !wire.live().getAsBoolean()) {
      tellLast(entry, watcher);
    }
  }

  private void tellLast(Watched<Watcher, S> entry, Watcher watcher) {
    S state = entry.state;
    if (state != null) {
      try {
        watcher.tell(state);
      } catch (RuntimeException e) {
        // Others took this version; this watcher has none until the next.
        LOG.log(Level.WARNING, "a new watcher refused what is known of " + watcher.key, e);
      }
    }
  }

  private void remove(Watcher watcher) {
    Watched<Watcher, S> entry = watched.get(watcher.key);
    if (entry == null || !entry.watchers.remove(watcher) || !entry.watchers.isEmpty()) {
      return;
    }
    wire.send().accept(unsubscribe.apply(watcher.key));
    if (entry.state == null) {
      watched.remove(watcher.key);
      return;
    }
    remembered.add(watcher.key);
    if (remembered.size() > REMEMBERED_MOST) {
      K oldest = remembered.iterator().next();
      remembered.remove(oldest);
      watched.remove(oldest);
    }
  }
}
