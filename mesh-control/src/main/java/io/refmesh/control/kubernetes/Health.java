package io.refmesh.control.kubernetes;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/** How well one kind is followed, for metrics. Thread-safe; outlives every watch of its kind. */
public final class Health {

  private final String resource;
  private final InstantSource clock;
  private final AtomicLong reconnects = new AtomicLong();
  private final AtomicLong lists = new AtomicLong();
  private volatile Instant contact;

  Health(String resource, InstantSource clock) {
    this.resource = resource;
    this.clock = clock;
    contact = clock.instant();
  }

  /** As in {@code kubectl get}. */
  public String resource() {
    return resource;
  }

  /**
   * Since the API server last said something about this kind: a list, an event, or the bookmark
   * that it sends every minute when nothing happens.
   */
  public Duration silence() {
    return Duration.between(contact, clock.instant());
  }

  /** Watches that broke, stalled or could not be opened. */
  public long reconnects() {
    return reconnects.get();
  }

  /** Times that everything was read anew, the first included. */
  public long lists() {
    return lists.get();
  }

  void heard() {
    contact = clock.instant();
  }

  void listed() {
    lists.incrementAndGet();
    heard();
  }

  void broke() {
    reconnects.incrementAndGet();
  }
}
