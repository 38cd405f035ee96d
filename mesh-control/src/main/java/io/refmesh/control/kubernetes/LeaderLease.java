package io.refmesh.control.kubernetes;

import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Elects the one replica that may do what only one may, by an object that all replicas see and
 * write by compare-and-swap.
 *
 * <p><b>Clocks.</b> Nobody compares times of two machines. A replica takes the lease over when it
 * has seen it unchanged for {@link #DURATION} by its own clock; the holder stops to lead {@link
 * #LEADS_FOR} after it began to ask for the renewal that succeeded last. The holder's time is
 * shorter and begins earlier, so that two never lead at once.
 *
 * <p><b>Pauses.</b> A holder that is stopped between {@link #leading} and what it writes wakes up
 * as one of two:
 *
 * <ol>
 *   <li>It asked {@link #leading} and slept until another held the lease.
 *   <li>It wakes and calls {@link #confirm}, which renews the lease by compare-and-swap: the
 *       other's write has changed the lease's version, so the API server refuses, and so does this
 *       method.
 *   <li>If it slept after that, the write itself carries the version of the object that it read
 *       before it asked, and the API server refuses if the new leader has written to it since.
 * </ol>
 *
 * Thread-safe; one virtual thread renews.
 */
public final class LeaderLease implements AutoCloseable {

  private static final Logger LOG = System.getLogger(LeaderLease.class.getName());

  static final Duration DURATION = Duration.ofSeconds(15);
  static final Duration LEADS_FOR = Duration.ofSeconds(10);
  private static final Duration EVERY = Duration.ofSeconds(3);

  private final Store store;
  private final String holder;
  private final InstantSource clock;
  private final Ticker ticker;
  // Guarded by this.
  private @Nullable Held seen;
  private long seenAtNanos;
  private boolean closed;

  /** When this replica stops to lead unless it renews; null when it does not lead. */
  private volatile @Nullable Long leadsUntilNanos;

  private @Nullable Thread thread;

  /**
   * The lease as the API server has it.
   *
   * @param holder empty when nobody holds it
   * @param renewed for people; nobody decides by it
   * @param transitions how often it went from one holder to another
   * @param version changes with every write
   */
  record Held(String holder, Instant acquired, Instant renewed, int transitions, String version) {}

  /** Where the lease is. */
  interface Store {

    /** Empty when there is none yet. */
    Optional<Held> read() throws IOException;

    /** Makes it; throws {@link Taken} when another was quicker. */
    Held create(Held first) throws IOException, Taken;

    /** Writes it over the version that {@code next} carries; throws when that is not the newest. */
    Held update(Held next) throws IOException, Taken;
  }

  /** Another wrote first. */
  static final class Taken extends Exception {
    private static final long serialVersionUID = 1;

    Taken(Throwable cause) {
      super(cause);
    }
  }

  /**
   * @param holder unlike that of any other replica, and of this one after a restart
   */
  LeaderLease(Store store, String holder, InstantSource clock, Ticker ticker) {
    this.store = store;
    this.holder = holder;
    this.clock = clock;
    this.ticker = ticker;
  }

  /** Whether this replica leads as far as it knows, without asking. */
  public boolean leading() {
    Long until = leadsUntilNanos;
    return until != null && ticker.nanoTime() - until < 0;
  }

  /**
   * Asks the API server, right before a write, whether this replica leads; also renews. False when
   * in doubt.
   */
  public synchronized boolean confirm() {
    Held mine = seen;
    if (!leading() || mine == null) {
      return false;
    }
    try {
      long before = ticker.nanoTime();
      Instant now = clock.instant();
      won(
          store.update(new Held(holder, mine.acquired, now, mine.transitions, mine.version)),
          before);
      return leading();
    } catch (Taken e) {
      lost("another replica took it");
      return false;
    } catch (IOException e) {
      LOG.log(Level.WARNING, "leader lease not renewed: {0}", e.getMessage());
      return false;
    }
  }

  void start() {
    thread = Thread.ofVirtual().name("leader-lease").start(this::stepForEver);
  }

  /** Stops, and lets go of the lease so that another need not wait. */
  @Override
  public void close() {
    if (thread != null) {
      thread.interrupt();
    }
    synchronized (this) {
      // A step that waits for us would take at once what is let go of here.
      closed = true;
      Held mine = seen;
      if (!leading() || mine == null) {
        return;
      }
      leadsUntilNanos = null;
      try {
        store.update(new Held("", mine.acquired, clock.instant(), mine.transitions, mine.version));
      } catch (Taken | IOException e) {
        // It runs out by itself.
        LOG.log(Level.DEBUG, "leader lease not released: {0}", e.getMessage());
      }
    }
  }

  /** Renews, takes, or watches; once. Nothing after the end. */
  synchronized void step() {
    if (closed) {
      return;
    }
    long before = ticker.nanoTime();
    try {
      Optional<Held> found = store.read();
      Instant now = clock.instant();
      if (found.isEmpty()) {
        won(store.create(new Held(holder, now, now, 0, "")), before);
        return;
      }
      Held lease = found.get();
      if (lease.holder.equals(holder)) {
        won(
            store.update(new Held(holder, lease.acquired, now, lease.transitions, lease.version)),
            before);
        return;
      }
      if (leadsUntilNanos != null) {
        lost("replica " + lease.holder + " took it");
      }
      if (seen == null || !seen.version.equals(lease.version)) {
        seen = lease;
        seenAtNanos = ticker.nanoTime();
      }
      if (lease.holder.isEmpty() || ticker.nanoTime() - seenAtNanos >= DURATION.toNanos()) {
        won(store.update(new Held(holder, now, now, lease.transitions + 1, lease.version)), before);
      }
    } catch (Taken e) {
      lost("another replica was quicker");
    } catch (IOException e) {
      // Whoever leads goes on until its time is over.
      LOG.log(Level.WARNING, "leader lease cannot be asked for: {0}", e.getMessage());
    }
  }

  private void won(Held written, long beganNanos) {
    if (!leading()) {
      LOG.log(Level.INFO, "leads now: holder={0} transitions={1}", holder, written.transitions);
    }
    seen = written;
    seenAtNanos = beganNanos;
    leadsUntilNanos = beganNanos + LEADS_FOR.toNanos();
  }

  private void lost(String why) {
    if (leadsUntilNanos != null) {
      LOG.log(Level.INFO, "leads no longer: {0}", why);
    }
    leadsUntilNanos = null;
    seen = null;
  }

  private void stepForEver() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        step();
        Thread.sleep(EVERY);
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }
}
