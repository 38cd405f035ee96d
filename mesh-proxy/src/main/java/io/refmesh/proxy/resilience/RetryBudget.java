package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.policy.RetrySettings;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Bounds the load that retries add to a service: within any window they are at most a percentage of
 * the requests plus so many per second. Shared by all event loops of a proxy; takes no lock.
 *
 * <h2>How it counts</h2>
 *
 * The last seconds are a ring of slices, each one long, changed by compare-and-set:
 *
 * <pre>
 *   63        44 43         22 21          0
 *  ┌────────────┬─────────────┬─────────────┐
 *  │ slice no.  │  requests   │   retries   │
 *  └────────────┴─────────────┴─────────────┘
 * </pre>
 *
 * Ten slices make a window. The current slice has only begun, so that ten of them are less than a
 * window: requests are counted in ten and retries in eleven, which keeps the promise for every
 * window, wherever it begins. A slice that carries an old number counts as empty. A retry is
 * counted first and taken back if the window then holds too many: of two loops that ask at once for
 * the last one both may be refused, never both served.
 */
public final class RetryBudget {

  private static final int WINDOW = 10;
  private static final int SLICES = WINDOW + 1;
  private static final int COUNT_BITS = 22;
  private static final long COUNT_MAX = (1L << COUNT_BITS) - 1;
  private static final long NUMBER_MASK = (1L << 20) - 1;
  private static final long ONE_REQUEST = 1L << COUNT_BITS;

  private final RetrySettings.Budget settings;
  private final Ticker ticker;
  private final long sliceNanos;
  private final long always;
  private final AtomicLongArray slices = new AtomicLongArray(SLICES);

  public RetryBudget(RetrySettings.Budget settings, Ticker ticker) {
    this.settings = settings;
    this.ticker = ticker;
    sliceNanos = Math.max(1, settings.window().toNanos() / WINDOW);
    always = settings.minPerSecond() * settings.window().toMillis() / 1000;
    long number = number();
    for (int i = 0; i < SLICES; i++) {
      slices.set(i, fresh(number - SLICES));
    }
  }

  /** A request came, on its first try. */
  void request() {
    add(number(), ONE_REQUEST);
  }

  /** Whether one retry may be made now; it is counted then. */
  boolean tryRetry() {
    long number = number();
    add(number, 1);
    long requests = 0;
    long retries = 0;
    for (int i = 0; i < SLICES; i++) {
      long slice = slices.get(i);
      long age = (number - numberOf(slice)) & NUMBER_MASK;
      if (age < WINDOW) {
        requests += (slice >>> COUNT_BITS) & COUNT_MAX;
      }
      if (age < SLICES) {
        retries += slice & COUNT_MAX;
      }
    }
    if (retries <= requests * settings.percent() / 100 + always) {
      return true;
    }
    takeBack(number);
    return false;
  }

  private void add(long number, long one) {
    int index = (int) Math.floorMod(number, (long) SLICES);
    while (true) {
      long before = slices.get(index);
      long from = numberOf(before) == (number & NUMBER_MASK) ? before : fresh(number);
      boolean full = one == 1 ? (from & COUNT_MAX) == COUNT_MAX : requestsFull(from);
      long after = full ? from : from + one;
      if (slices.compareAndSet(index, before, after)) {
        return;
      }
    }
  }

  private void takeBack(long number) {
    int index = (int) Math.floorMod(number, (long) SLICES);
    while (true) {
      long before = slices.get(index);
      if (numberOf(before) != (number & NUMBER_MASK) || (before & COUNT_MAX) == 0) {
        return;
      }
      if (slices.compareAndSet(index, before, before - 1)) {
        return;
      }
    }
  }

  private long number() {
    return Math.floorDiv(ticker.nanoTime(), sliceNanos);
  }

  private static boolean requestsFull(long slice) {
    return ((slice >>> COUNT_BITS) & COUNT_MAX) == COUNT_MAX;
  }

  private static long numberOf(long slice) {
    return (slice >>> (2 * COUNT_BITS)) & NUMBER_MASK;
  }

  private static long fresh(long number) {
    return (number & NUMBER_MASK) << (2 * COUNT_BITS);
  }
}
