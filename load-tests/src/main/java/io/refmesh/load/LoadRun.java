package io.refmesh.load;

import io.netty.channel.EventLoop;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A plan while it is carried out: starts requests when Gatling says so, hands the finished ones to
 * the recorder, and ends with the summary. Requests live on Gatling's one event loop; {@link #stop}
 * and {@link #finish} come from other threads.
 */
final class LoadRun {

  /**
   * Open load does not wait for answers; against a peer that never answers this bounds what is open
   * at once.
   */
  static final int IN_FLIGHT_MAX = 20_000;

  /**
   * First second of the simulation: finds out when it began and makes the code warm, so that the
   * first requests on record are not its victims.
   */
  static final long LEAD_MILLIS = 1000;

  /** How long requests in flight may still take when the run is stopped. */
  private static final long FINISH_MILLIS = 2500;

  private static final long LOOK_MILLIS = 20;

  private final LoadPlan plan;
  private final Path folder;
  private final LoadClock clock;
  private final Recorder recorder;
  private final PrintStream out;
  private final List<StreamLoad> streams = new ArrayList<>();
  private final Set<Exchange> inFlight = new LinkedHashSet<>();

  private final WarmUp warmUp;
  private long simulationMicros = Long.MAX_VALUE;
  private volatile long loadStartedMicros;
  private volatile @Nullable EventLoop loop;
  private volatile boolean stopping;
  private @Nullable Ending ending;

  /** How a run ended. */
  record Ending(boolean recordComplete, boolean planCarriedOut, String text) {}

  LoadRun(LoadPlan plan, Path folder, LoadClock clock, Recorder recorder, PrintStream out)
      throws PlanRefused {
    this.plan = plan;
    this.folder = folder;
    this.clock = clock;
    this.recorder = recorder;
    this.out = out;
    this.warmUp = new WarmUp(clock);
    for (StreamPlan stream : plan.streams()) {
      streams.add(new StreamLoad(stream, plan.seed(), VerifiedTls.of(stream)));
    }
  }

  List<StreamLoad> streams() {
    return streams;
  }

  LoadClock clock() {
    return clock;
  }

  boolean isStopping() {
    return stopping;
  }

  /**
   * An arrival of the lead: Gatling starts a user never before its time and rarely long after it,
   * so the earliest of these tells when the simulation began.
   *
   * @param offsetMicros when the schedule wanted it, from the beginning of the simulation
   */
  void leadArrival(EventLoop on, long offsetMicros) {
    simulationMicros = Math.min(simulationMicros, clock.epochMicros() - offsetMicros);
    if (loop == null) {
      loop = on;
      warmUp.open(on, streams);
    }
    warmUp.send();
  }

  /** The beginning is known well enough: fixes and tells when the load starts. */
  void announceStart() {
    warmUp.close();
    loadStartedMicros = simulationMicros + LEAD_MILLIS * 1000;
    long epochMillis = loadStartedMicros / 1000;
    try {
      put("started", epochMillis + "\n");
    } catch (IOException unwritten) {
      out.println("load: cannot write " + folder.resolve("started") + ": " + unwritten);
    }
    out.println("load started epochMillis=" + epochMillis);
    out.flush();
  }

  /**
   * Starts the next request of a stream; {@code whenDone} is called on the event loop, after the
   * request is on its way to the record.
   */
  void send(StreamLoad stream, EventLoop on, Consumer<RequestRecord> whenDone) {
    StreamPlan wanted = stream.plan();
    long number = stream.start();
    long now = clock.epochMicros();
    // The beginning is known to a millisecond; a start before the intended one would only show
    // that.
    long intended = Math.min(now, loadStartedMicros + stream.nextArrivalMicros());
    Exchange[] self = new Exchange[1];
    Exchange exchange =
        new Exchange(
            wanted,
            wanted.idPrefix() + "-" + number,
            wanted.pathOf(number),
            intended,
            now,
            clock,
            finished -> {
              inFlight.remove(self[0]);
              recorder.record(finished);
              whenDone.accept(finished);
            });
    self[0] = exchange;
    if (inFlight.size() >= IN_FLIGHT_MAX) {
      exchange.fail(Outcome.ERROR, "too many requests in flight");
      return;
    }
    inFlight.add(exchange);
    long timeoutMillis = wanted.requestTimeoutMillis();
    exchange.deadline(
        on.schedule(
            () ->
                exchange.abandon(
                    Outcome.TIMEOUT, "no whole answer within " + timeoutMillis + " ms"),
            timeoutMillis,
            TimeUnit.MILLISECONDS));
    stream.wire(on).send(exchange);
  }

  /**
   * No more requests; those in flight may end by themselves for {@link #FINISH_MILLIS}, so that
   * both ends agree about them, and end then. Returns when they have.
   */
  void stop() {
    stopping = true;
    EventLoop on = loop;
    if (on == null) {
      return;
    }
    CountDownLatch stopped = new CountDownLatch(1);
    try {
      on.execute(() -> stopWhenIdle(on, stopped, FINISH_MILLIS));
      if (!stopped.await(FINISH_MILLIS + 1000, TimeUnit.MILLISECONDS)) {
        out.println("load: the event loop did not stop in time");
      }
    } catch (RejectedExecutionException ended) {
      // The loop has ended by itself, and with it every request.
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void stopWhenIdle(EventLoop on, CountDownLatch stopped, long leftMillis) {
    if (!inFlight.isEmpty() && leftMillis > 0) {
      on.schedule(
          () -> stopWhenIdle(on, stopped, leftMillis - LOOK_MILLIS),
          LOOK_MILLIS,
          TimeUnit.MILLISECONDS);
      return;
    }
    List.copyOf(inFlight).forEach(exchange -> exchange.abandon(Outcome.ERROR, "stopped"));
    streams.forEach(StreamLoad::close);
    stopped.countDown();
  }

  synchronized boolean isFinished() {
    return ending != null;
  }

  /** Completes the files, once; later calls get the same answer. */
  synchronized Ending finish() {
    if (ending == null) {
      recorder.close();
      Summary summary =
          Summary.of(
              plan,
              streams,
              recorder,
              loadStartedMicros / 1000,
              clock.epochMicros() / 1000,
              stopping);
      String problem = recorder.failure() == null ? "" : ": " + recorder.failure();
      try {
        put("summary.json", summary.json());
      } catch (IOException unwritten) {
        problem += ": summary.json: " + unwritten;
      }
      boolean complete = summary.started() == summary.recorded() && problem.isEmpty();
      out.println(
          "load finished started="
              + summary.started()
              + " recorded="
              + summary.recorded()
              + " ok="
              + summary.count(Outcome.OK)
              + (stopping ? " stopped early" : "")
              + problem);
      out.flush();
      ending =
          new Ending(
              complete,
              stopping || summary.started() == summary.planned(),
              "started " + summary.started() + " of " + summary.planned() + " requests");
    }
    return ending;
  }

  private void put(String name, String content) throws IOException {
    Path unfinished = folder.resolve("." + name + ".new");
    Files.writeString(unfinished, content);
    Files.move(unfinished, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }
}
