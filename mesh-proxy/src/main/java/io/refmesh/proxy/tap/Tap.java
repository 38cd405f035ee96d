package io.refmesh.proxy.tap;

import io.refmesh.model.wire.v1.TapEvent;
import io.refmesh.proxy.telemetry.Redaction;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One who watches: what he wants to see and what waits for him. Event loops of traffic put events
 * in, his own takes them out.
 *
 * <p>A request is told from beginning to end or not at all: it is admitted only while few enough
 * are told, so that what waits has a bound.
 */
final class Tap {

  /** Requests whose end the reader has not got yet; each is at most three events. */
  private static final int OPEN_MAX = 512;

  private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

  final TapFilter filter;
  final Redaction redaction;
  private final int maxPerSecond;
  private final long maxRequests;
  private final Runnable moreToRead;
  private final ConcurrentLinkedQueue<TapEvent> events = new ConcurrentLinkedQueue<>();
  private final AtomicLong missed = new AtomicLong();

  // Guarded by this.
  private int open;
  private long admitted;
  private long windowNanos = Long.MIN_VALUE;
  private int admittedInWindow;

  /**
   * @param maxRequests 0 for no end
   * @param moreToRead run on event loops of traffic
   */
  Tap(
      TapFilter filter,
      Redaction redaction,
      int maxPerSecond,
      long maxRequests,
      Runnable moreToRead) {
    this.filter = filter;
    this.redaction = redaction;
    this.maxPerSecond = maxPerSecond;
    this.maxRequests = maxRequests;
    this.moreToRead = moreToRead;
  }

  /** Whether a request that matches is told; its {@link #ended} is owed then. */
  synchronized boolean admit(long nowNanos) {
    if (maxRequests > 0 && admitted >= maxRequests) {
      return false;
    }
    long window = Math.floorDiv(nowNanos, SECOND_NANOS);
    if (window != windowNanos) {
      windowNanos = window;
      admittedInWindow = 0;
    }
    if (open >= OPEN_MAX || admittedInWindow >= maxPerSecond) {
      missed.incrementAndGet();
      return false;
    }
    open++;
    admitted++;
    admittedInWindow++;
    return true;
  }

  void tell(TapEvent.Builder event) {
    events.add(event.setMissed(missed.get()).build());
    moreToRead.run();
  }

  /** The next event; null when nothing waits. */
  @Nullable TapEvent poll() {
    TapEvent event = events.poll();
    if (event != null && event.hasEnd()) {
      synchronized (this) {
        open--;
      }
    }
    return event;
  }

  /** Whether everything that was asked for is read. */
  synchronized boolean complete() {
    return maxRequests > 0 && admitted >= maxRequests && open == 0;
  }
}
