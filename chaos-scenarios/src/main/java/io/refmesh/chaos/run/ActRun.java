package io.refmesh.chaos.run;

import io.refmesh.chaos.expect.Figures;
import io.refmesh.chaos.fault.Fault;
import io.refmesh.chaos.fault.Leases;
import io.refmesh.chaos.run.Judge.Judgement;
import io.refmesh.chaos.run.Observations.Mark;
import io.refmesh.chaos.scenario.Act;
import io.refmesh.chaos.scenario.Expectation;
import io.refmesh.chaos.scenario.Expectation.Window;
import io.refmesh.chaos.scenario.FaultPlan;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One pass through the windows, under load that runs already:
 *
 * <pre>
 * mark  before  mark | faults begin | mark  during  mark | faults end | mark  after  mark | everything answered | judge
 * </pre>
 *
 * Used once, on the run's thread.
 */
final class ActRun {

  private static final Duration TICK = Duration.ofMillis(500);
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final Act act;
  private final Observations observations;
  private final Leases leases;
  private final Injector injector;
  private final Screen screen;
  private final Time time;
  private final Duration answeredWithin;
  private final List<String> streams;

  private final Map<String, Fault> faults = new LinkedHashMap<>();
  private final Map<Window, Held> held = new EnumMap<>(Window.class);
  private final Map<Expectation, Watch> watches = new LinkedHashMap<>();
  private final List<Moment> moments = new ArrayList<>();

  /** Makes the fault of a plan; it is not begun yet. */
  interface Injector {
    Fault fault(FaultPlan plan) throws IOException, InterruptedException;

    /** What the places between the sidecars and the ledgers of the shop tell, by name. */
    Map<String, Double> figures(Instant since) throws IOException, InterruptedException;
  }

  /**
   * A window that is over: where the counters stood, also after each beginning that an expectation
   * skips.
   */
  record Held(Mark from, Mark to, Map<Duration, Mark> skipped) {}

  /** Something noticed. */
  record Moment(String name, Instant at) {}

  private record Watch(
      Mark since, Duration within, CompletableFuture<Optional<Duration>> found, Thread thread) {}

  /** What the act found out. */
  record Outcome(List<Judgement> judgements, Map<Window, Held> windows, List<Moment> moments) {}

  /**
   * @param answeredWithin how long requests may still be under way when the last window is over
   */
  ActRun(
      Act act,
      Observations observations,
      Leases leases,
      Injector injector,
      Screen screen,
      Time time,
      List<String> streams,
      Duration answeredWithin) {
    this.act = act;
    this.observations = observations;
    this.leases = leases;
    this.injector = injector;
    this.screen = screen;
    this.time = time;
    this.streams = List.copyOf(streams);
    this.answeredWithin = answeredWithin;
  }

  Outcome run() throws IOException, InterruptedException {
    try {
      screen.act(act.name());
      hold(Window.BEFORE, act.windows().before(), List.of());
      Mark healthy = observations.mark();
      watch(healthy, Expectation::detectWithin);
      for (FaultPlan plan : act.faults()) {
        faults.put(plan.id(), injector.fault(plan));
      }
      beginThoseAt(Duration.ZERO, Duration.ofMillis(1));
      hold(Window.DURING, act.windows().during(), act.faults());
      time.sleep(act.windows().overhang());
      stopWatching();
      leases.endAll();
      watch(observations.mark(), Expectation::recoverWithin);
      hold(Window.AFTER, act.windows().after(), List.of());
      awaitWatches();
      awaitAnswers();
      return new Outcome(judge(), Map.copyOf(held), List.copyOf(moments));
    } finally {
      leases.endAll();
      watches.values().forEach(watch -> watch.thread().interrupt());
    }
  }

  /** Lets a window pass; faults of {@code plans} that come or go inside it do so. */
  private void hold(Window window, Duration length, List<FaultPlan> plans)
      throws IOException, InterruptedException {
    screen.window(window.text(), length);
    Mark from = observations.mark();
    Instant begin = from.at();
    Map<Duration, Mark> skipped = new HashMap<>();
    for (Duration step : steps(window, length, plans)) {
      sleepUntil(begin.plus(step), window);
      beginThoseAt(step, step.plusMillis(1));
      for (FaultPlan plan : plans) {
        if (plan.lasting().isPresent() && plan.at().plus(plan.lasting().get()).equals(step)) {
          leases.end(plan.id());
        }
      }
      for (Expectation expectation : act.expectations()) {
        if (expectation.window() == window
            && expectation.skip().equals(step)
            && !skipped.containsKey(step)) {
          skipped.put(step, observations.mark());
        }
      }
    }
    sleepUntil(begin.plus(length), window);
    if (window == Window.DURING) {
      for (Fault fault : faults.values()) {
        fault.awaitDone(longestLease());
      }
    }
    held.put(window, new Held(from, observations.mark(), skipped));
  }

  /** When something happens inside a window, apart from its ends. */
  private SortedSet<Duration> steps(Window window, Duration length, List<FaultPlan> plans) {
    SortedSet<Duration> steps = new TreeSet<>();
    for (Expectation expectation : act.expectations()) {
      if (expectation.window() == window) {
        steps.add(expectation.skip());
      }
    }
    for (FaultPlan plan : plans) {
      steps.add(plan.at());
      plan.lasting().ifPresent(lasting -> steps.add(plan.at().plus(lasting)));
    }
    steps.removeIf(step -> step.isZero() || step.compareTo(length) >= 0);
    return steps;
  }

  private void beginThoseAt(Duration from, Duration to) throws IOException, InterruptedException {
    for (FaultPlan plan : act.faults()) {
      Fault fault = faults.get(plan.id());
      if (fault != null && plan.at().compareTo(from) >= 0 && plan.at().compareTo(to) < 0) {
        screen.say("fault " + plan.id() + " begins");
        leases.begin(plan.id(), fault, plan.ttl());
      }
    }
  }

  private void sleepUntil(Instant end, Window window) throws InterruptedException {
    for (Instant now = time.instant(); now.isBefore(end); now = time.instant()) {
      Duration left = Duration.between(now, end);
      time.sleep(left.compareTo(TICK) < 0 ? left : TICK);
      screen.tick(window.text());
    }
  }

  private Duration longestLease() {
    return act.faults().stream().map(FaultPlan::ttl).max(Duration::compareTo).orElse(Duration.ZERO);
  }

  // -- conditions that have to become true

  private void watch(
      Mark since, java.util.function.Function<Expectation, Optional<Duration>> limit) {
    for (Expectation expectation : act.expectations()) {
      Optional<Duration> within = limit.apply(expectation);
      if (within.isPresent()) {
        CompletableFuture<Optional<Duration>> found = new CompletableFuture<>();
        Thread thread =
            Thread.ofVirtual()
                .name("watch " + expectation.id())
                .start(() -> {
                  try {
                    Optional<Duration> took =
                        observations.firstTrue(expectation.condition(), since, within.get());
                    found.complete(took);
                  } catch (InterruptedException e) {
                    found.complete(Optional.empty());
                  } catch (RuntimeException e) {
                    found.completeExceptionally(e);
                  }
                });
        watches.put(expectation, new Watch(since, within.get(), found, thread));
      }
    }
  }

  /** The fault is about to end: what was not noticed by now was not noticed. */
  private void stopWatching() {
    watches.values().forEach(watch -> watch.thread().interrupt());
  }

  private void awaitWatches() throws InterruptedException {
    for (Watch watch : watches.values()) {
      while (!watch.found().isDone()) {
        time.sleep(LOOK_EVERY);
      }
    }
  }

  /** Requests of the last window may still be under way; what came of them belongs to it. */
  private void awaitAnswers() throws InterruptedException {
    Mark from = require(Window.BEFORE).from();
    Mark to = require(Window.AFTER).to();
    Instant end = time.instant().plus(answeredWithin);
    while (time.instant().isBefore(end)) {
      Figures figures = observations.figures(from, to, Optional.empty());
      double open = 0;
      for (String stream : streams) {
        // Those that the client gave up count as unfinished for good.
        open +=
            figures.figure("client." + stream + ".unfinished").orElse(0)
                - figures.figure("client." + stream + ".outcome.timeout").orElse(0);
      }
      if (open == 0) {
        return;
      }
      time.sleep(LOOK_EVERY);
    }
  }

  // -- the verdict

  private List<Judgement> judge() throws IOException, InterruptedException {
    Optional<Figures> before = Optional.empty();
    Held healthy = require(Window.BEFORE);
    if (!act.windows().before().isZero()) {
      before = Optional.of(observations.figures(healthy.from(), healthy.to(), Optional.empty()));
    }
    Map<String, Double> own = new HashMap<>(injector.figures(healthy.from().at()));
    faults.forEach((id, fault) ->
        fault.figures().forEach((name, value) -> own.put("fault." + id + "." + name, value)));
    List<Judgement> judgements = new ArrayList<>();
    for (Expectation expectation : act.expectations()) {
      Watch watch = watches.get(expectation);
      judgements.add(watch == null ? judge(expectation, before, own) : judge(expectation, watch));
    }
    return judgements;
  }

  private Judgement judge(
      Expectation expectation, Optional<Figures> before, Map<String, Double> own) {
    Mark from;
    Mark to;
    if (expectation.window() == Window.ALL) {
      from = require(Window.BEFORE).from();
      to = require(Window.AFTER).to();
    } else {
      Held window = require(expectation.window());
      from = window.skipped().getOrDefault(expectation.skip(), window.from());
      to = window.to();
      if (!expectation.skip().isZero() && !window.skipped().containsKey(expectation.skip())) {
        return Judge.unknown(
            expectation, expectation.that(), "the window was shorter than what is skipped");
      }
    }
    return Judge.window(expectation, with(observations.figures(from, to, before), own));
  }

  private Judgement judge(Expectation expectation, Watch watch) throws InterruptedException {
    try {
      Optional<Duration> took = watch.found().get(0, TimeUnit.SECONDS);
      took.ifPresent(
          after -> moments.add(new Moment(expectation.id(), watch.since().at().plus(after))));
      Duration looked =
          expectation.detectWithin().isPresent()
                  && watch.within().compareTo(act.windows().during()) > 0
              ? act.windows().during()
              : watch.within();
      return Judge.time(expectation, took, looked);
    } catch (ExecutionException e) {
      return Judge.unknown(expectation, expectation.that(), String.valueOf(e.getCause()));
    } catch (TimeoutException e) {
      return Judge.unknown(expectation, expectation.that(), "nobody looked to the end");
    }
  }

  /** Figures of the mesh, and those that faults, hops and ledgers tell. */
  private static Figures with(Figures measured, Map<String, Double> own) {
    return name -> {
      Double value = own.get(name);
      return value == null ? measured.figure(name) : OptionalDouble.of(value);
    };
  }

  private Held require(Window window) {
    Held passed = held.get(window);
    if (passed == null) {
      throw new IllegalStateException("window " + window.text() + " was not held");
    }
    return passed;
  }
}
