package io.refmesh.chaos.fault;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The faults in force. Each is held for a time to live; it ends when the run ends it, when its time
 * is over, or when the leases are closed, whichever comes first, and only once. What is ended
 * together is ended in reverse order, and one that cannot be ended keeps nobody else from it.
 *
 * <p>Safe on any thread: the run begins and ends, timers and the thread that handles Ctrl-C only
 * end.
 */
public final class Leases implements AutoCloseable {

  private final InstantSource clock;
  private final Timer timer;
  private final Deque<Lease> held = new ArrayDeque<>();
  private final List<Span> spans = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private boolean closed;

  /** Runs something later, once; on a thread of its own. */
  public interface Timer {
    Cancel after(Duration time, Runnable action);

    /** Makes sure that it does not run any more. */
    interface Cancel {
      void cancel();
    }
  }

  /** When a fault was in force. */
  public record Span(String id, Instant from, Instant to) {}

  private static final class Lease {
    final String id;
    final Fault fault;
    final Instant from;
    Timer.@Nullable Cancel cancel;

    Lease(String id, Fault fault, Instant from) {
      this.id = id;
      this.fault = fault;
      this.from = from;
    }
  }

  public Leases(InstantSource clock, Timer timer) {
    this.clock = clock;
    this.timer = timer;
  }

  /**
   * Begins a fault. When that fails, what it may have done is undone before the failure is thrown.
   */
  public void begin(String id, Fault fault, Duration timeToLive)
      throws IOException, InterruptedException {
    Lease lease = new Lease(id, fault, clock.instant());
    synchronized (this) {
      if (closed) {
        throw new IOException("fault " + id + " was not begun: the run is being stopped");
      }
      // Held before it begins: a fault that was begun by half must be ended, too.
      held.push(lease);
      lease.cancel = timer.after(timeToLive, () -> expired(lease, timeToLive));
    }
    try {
      fault.begin();
    } catch (IOException | InterruptedException | RuntimeException e) {
      end(lease);
      throw e;
    }
  }

  /** Ends the fault with this id, if it still holds. */
  public void end(String id) {
    Lease found = null;
    synchronized (this) {
      for (Lease lease : held) {
        if (lease.id.equals(id)) {
          found = lease;
          break;
        }
      }
    }
    if (found != null) {
      end(found);
    }
  }

  /** Ends what holds, the latest first. */
  public void endAll() {
    for (Lease lease = latest(); lease != null; lease = latest()) {
      end(lease);
    }
  }

  /** Ends what holds, and nothing can begin any more. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    endAll();
  }

  public synchronized boolean isEmpty() {
    return held.isEmpty();
  }

  /** When each fault was in force, in the order in which they ended. */
  public synchronized List<Span> spans() {
    return List.copyOf(spans);
  }

  /**
   * What could not be ended, and what had to be ended because its time was over; empty in a good
   * run.
   */
  public synchronized List<String> problems() {
    return List.copyOf(problems);
  }

  private synchronized @Nullable Lease latest() {
    return held.peek();
  }

  private void expired(Lease lease, Duration timeToLive) {
    synchronized (this) {
      if (!held.contains(lease)) {
        return;
      }
      problems.add(
          "fault "
              + lease.id
              + " ended by itself after "
              + timeToLive.toMillis()
              + " ms: nobody had ended it in time");
    }
    end(lease);
  }

  private void end(Lease lease) {
    synchronized (this) {
      if (!held.remove(lease)) {
        return;
      }
      if (lease.cancel != null) {
        lease.cancel.cancel();
      }
    }
    // An interrupt asks the run to stop; the fault has to be ended all the same.
    boolean interrupted = Thread.interrupted();
    try {
      lease.fault.end();
    } catch (InterruptedException e) {
      interrupted = true;
      problem(lease, "the thread was interrupted");
    } catch (IOException | RuntimeException e) {
      problem(lease, String.valueOf(e.getMessage()));
    }
    synchronized (this) {
      spans.add(new Span(lease.id, lease.from, clock.instant()));
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void problem(Lease lease, String why) {
    problems.add("fault " + lease.id + " could not be ended: " + why);
  }
}
