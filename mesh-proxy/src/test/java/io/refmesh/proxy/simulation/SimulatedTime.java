package io.refmesh.proxy.simulation;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Time that moves from one event to the next, and the event loops that live in it; all in the
 * thread that made it. What happens at one instant happens in the order in which it was asked for.
 */
public final class SimulatedTime {

  private record Event(long atNanos, long order, Runnable task) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  private final MockTicker ticker = Ticker.newMockTicker();
  private final Thread thread = Thread.currentThread();
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final List<Loop> loops = new ArrayList<>();
  private long order;

  /** To be shut down once nothing is left to be done now; told from any thread. */
  private final Queue<Group> ending = new ConcurrentLinkedQueue<>();

  public Ticker ticker() {
    return ticker;
  }

  public long nanos() {
    return ticker.nanoTime();
  }

  /** Runs the task when so much time has passed. */
  public void after(long nanos, Runnable task) {
    events.add(new Event(nanos() + Math.max(0, nanos), order++, task));
  }

  /** A group of one loop that this time drives. */
  public EventLoopGroup loops() {
    return new Group(this);
  }

  /** Runs what is to be done now; time stands still. */
  public void settle() {
    int ran;
    do {
      runAll();
      ran = 0;
      for (Group group = ending.poll(); group != null; group = ending.poll()) {
        // Its thread may have asked for more before it asked for the end.
        runAll();
        group.end();
        ran++;
      }
    } while (ran > 0);
  }

  private void runAll() {
    int ran;
    do {
      ran = 0;
      // By index: a task may make loops.
      for (int i = 0; i < loops.size(); i++) {
        Loop loop = loops.get(i);
        if (loop.isTerminated()) {
          loops.remove(i--);
        } else {
          ran += loop.runTasks();
        }
      }
    } while (ran > 0);
  }

  /**
   * Moves to the next instant at which anything happens, and lets it; false when that is later.
   * What is to be done now has been, see {@link #settle}.
   */
  public boolean step(long latestNanos) {
    long next = next();
    if (next > latestNanos) {
      if (latestNanos > nanos()) {
        ticker.advance(latestNanos - nanos(), TimeUnit.NANOSECONDS);
      }
      return false;
    }
    if (next > nanos()) {
      ticker.advance(next - nanos(), TimeUnit.NANOSECONDS);
    }
    Event event = events.peek();
    if (event != null && event.atNanos <= nanos()) {
      events.poll();
      event.task.run();
    }
    settle();
    return true;
  }

  private long next() {
    Event event = events.peek();
    long next = event == null ? Long.MAX_VALUE : event.atNanos;
    for (Loop loop : loops) {
      long delay = loop.untilTimer();
      if (delay >= 0) {
        next = Math.min(next, nanos() + delay);
      }
    }
    return next;
  }

  /**
   * Runs what blocks until loops have done something, each in a thread of its own, while this one
   * drives the loops; time stands still.
   */
  public void block(String what, Runnable... tasks) {
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    List<Thread> helpers = new ArrayList<>();
    for (Runnable task : tasks) {
      helpers.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  task.run();
                } catch (RuntimeException | Error e) {
                  failures.add(e);
                }
              }));
    }
    while (helpers.stream().anyMatch(Thread::isAlive)) {
      settle();
      Thread.yield();
    }
    settle();
    Throwable failure = failures.peek();
    if (failure != null) {
      throw new AssertionError(what, failure);
    }
  }

  /** Whether any loop waits for a time to come. */
  public boolean timersLeft() {
    return loops.stream().anyMatch(loop -> loop.untilTimer() >= 0);
  }

  private static final class Group extends MultiThreadIoEventLoopGroup {

    private final SimulatedTime time;

    Group(SimulatedTime time) {
      super(1, (Executor) Runnable::run, LocalIoHandler.newFactory(), time);
      this.time = time;
    }

    @Override
    protected EventLoop newChild(Executor executor, Object... args) {
      SimulatedTime time = (SimulatedTime) args[args.length - 1];
      Loop loop = new Loop(this, time, (IoHandlerFactory) args[0]);
      time.loops.add(loop);
      return loop;
    }

    @Override
    protected IoEventLoop newChild(
        Executor executor, IoHandlerFactory handlers, Object... arguments) {
      throw new AssertionError("loops are made by the other method");
    }

    /** Without a pause: a loop would sleep until time moves, in the thread that moves it. */
    @Override
    public Future<?> shutdownGracefully(long quiet, long timeout, TimeUnit unit) {
      time.ending.add(this);
      return terminationFuture();
    }

    @SuppressWarnings("deprecation")
    void end() {
      shutdown();
    }
  }

  private static final class Loop extends ManualIoEventLoop {

    Loop(IoEventLoopGroup parent, SimulatedTime time, IoHandlerFactory handlers) {
      super(parent, time.thread, handlers, time.ticker);
    }

    /** There is no input here to look for, and most loops have nothing to do in a step. */
    int runTasks() {
      return isShuttingDown() ? runNow() : runNonBlockingTasks(0);
    }

    /** Nanoseconds; -1 when nothing is scheduled. */
    long untilTimer() {
      return nextScheduledTaskNano();
    }
  }
}
