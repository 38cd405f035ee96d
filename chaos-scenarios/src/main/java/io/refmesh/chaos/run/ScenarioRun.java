package io.refmesh.chaos.run;

import io.refmesh.chaos.fault.Faults;
import io.refmesh.chaos.fault.Leases;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.RunningLoad;
import io.refmesh.chaos.mesh.ShopFolder;
import io.refmesh.chaos.mesh.Toxiproxy;
import io.refmesh.chaos.observe.LoadTarget;
import io.refmesh.chaos.observe.Moment;
import io.refmesh.chaos.observe.Observer;
import io.refmesh.chaos.run.ActRun.Held;
import io.refmesh.chaos.run.Judge.Judgement;
import io.refmesh.chaos.scenario.Act;
import io.refmesh.chaos.scenario.Control;
import io.refmesh.chaos.scenario.Expectation;
import io.refmesh.chaos.scenario.FaultPlan;
import io.refmesh.chaos.scenario.LoadStream;
import io.refmesh.chaos.scenario.MeshResource;
import io.refmesh.chaos.scenario.Scenario;
import io.refmesh.chaos.scenario.SteadyState;
import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import io.refmesh.chaos.verdict.Timeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * One scenario on the live mesh of its group: set up, load on, one act after the other, load off,
 * verdict. Whatever happens, faults end, the load stops and the folder is as it was. Used once, on
 * the run's thread.
 */
final class ScenarioRun {

  /**
   * What an act may take beyond its windows: changes of the folder, restarts, recoveries, requests
   * under way.
   */
  private static final Duration ACT_SPARE = Duration.ofSeconds(60);

  private static final String LAYER = "scenario";

  private final Scenario scenario;
  private final GroupMesh mesh;
  private final Watched watched;
  private final HttpJson http;
  private final Toxiproxy toxiproxy;
  private final Path files;
  private final Seeds seeds;
  private final Time time;
  private final Leases.Timer timer;
  private final Function<Observer, Screen> screens;

  private final List<ExpectationVerdict> verdicts = new ArrayList<>();
  private final List<ControlVerdict> controls = new ArrayList<>();
  private final List<Timeline.Span> windows = new ArrayList<>();
  private final List<Timeline.Span> faults = new ArrayList<>();
  private final List<Timeline.Mark> marks = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private long loadStarted;
  private List<Timeline.Bin> bins = List.of();

  /**
   * @param files where the load's record goes; made when absent
   */
  ScenarioRun(
      Scenario scenario,
      GroupMesh mesh,
      HttpJson http,
      Toxiproxy toxiproxy,
      Path files,
      Seeds seeds,
      Time time,
      Leases.Timer timer,
      Function<Observer, Screen> screens) {
    this.scenario = scenario;
    this.mesh = mesh;
    this.watched = new Watched(mesh, http);
    this.http = http;
    this.toxiproxy = toxiproxy;
    this.files = files;
    this.seeds = seeds;
    this.time = time;
    this.timer = timer;
    this.screens = screens;
  }

  /**
   * Runs it. An interrupt ends it in order and comes out as a verdict of what is known by then,
   * with the interrupt flag set.
   */
  ScenarioVerdict run() {
    Instant started = time.instant();
    String aborted = "";
    boolean interrupted = false;
    try {
      runActs();
    } catch (InterruptedException e) {
      interrupted = true;
      aborted = "stopped by the user";
    } catch (IOException | RuntimeException e) {
      aborted = String.valueOf(e.getMessage());
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return verdict(Duration.between(started, time.instant()), aborted);
  }

  private void runActs() throws IOException, InterruptedException {
    List<Act> acts = scenario.acts();
    mesh.settle();
    try (Hops hops =
        Hops.open(
            scenario.hops(),
            scenario.name(),
            mesh,
            toxiproxy,
            Files.createDirectories(files.resolveSibling(scenario.name() + ".files")))) {
      try {
        put(acts.getFirst(), hops);
        watched.resetShop();
        Faults factory = new Faults(mesh, http, fault -> seeds.of(scenario.name(), fault));
        try (Observer observer =
            new Observer(watched.sidecars(), watched.apps(), RunningLoad.record(files))) {
          Ledgers ledgers = new Ledgers(http, RunningLoad.record(files));
          underLoad(
              acts, observer, hops, new LiveInjector(scenario, watched, factory, hops, ledgers));
        }
      } finally {
        mesh.put(LAYER, List.of());
      }
    }
    deleteIfEmpty(files.resolveSibling(scenario.name() + ".files"));
  }

  private void underLoad(List<Act> acts, Observer observer, Hops hops, LiveInjector injector)
      throws IOException, InterruptedException {
    Screen screen = screens.apply(observer);
    Moment begin = observer.mark();
    String plan =
        PlanFile.write(
            scenario.name(), scenario.load(), seeds.of(scenario.name(), "plan"), loadAtMost(acts));
    try (RunningLoad load = mesh.load(scenario.name(), plan, files);
        Newcomers ignored = Newcomers.watch(watched, observer, injector.ledgers())) {
      loadStarted = load.startedEpochMillis();
      time.sleepUntil(Instant.ofEpochMilli(loadStarted));
      awaitSteadyState(observer, screen);
      for (Act act : acts) {
        if (act.control().isPresent()) {
          put(act, hops);
        }
        observer.resetCertificates();
        if (usesCertificates(act)) {
          observer.watchCertificates();
        }
        runAct(act, observer, injector, screen);
      }
      load.stop();
    } finally {
      bins = observer.bins(loadStarted);
    }
    Moment end = observer.mark();
    verdicts.add(observer.countersAgree(begin, end, targets()));
  }

  private void awaitSteadyState(Observer observer, Screen screen) throws InterruptedException {
    SteadyState steady = scenario.steadyState();
    screen.window("warm-up", steady.within());
    Optional<Duration> took =
        observer.firstTrue(steady.condition(), observer.mark(), steady.within());
    verdicts.add(
        new ExpectationVerdict(
            "steady-state",
            "Before anything is broken, all is well.",
            "warm-up",
            took.isPresent() ? Result.PASSED : Result.FAILED,
            took.map(time -> "after " + time.toMillis() + " ms")
                .orElse("not within " + steady.within().toMillis() + " ms"),
            steady.that() + " within " + steady.within().toMillis() + " ms of the first request"));
  }

  private void runAct(Act act, Observer observer, LiveInjector injector, Screen screen)
      throws IOException, InterruptedException {
    Leases leases = new Leases(time, timer);
    Duration longest =
        scenario.load().stream()
            .map(LoadStream::timeout)
            .max(Duration::compareTo)
            .orElse(Duration.ZERO);
    try {
      ActRun.Outcome outcome =
          new ActRun(
                  act,
                  new LiveObservations(observer),
                  leases,
                  injector,
                  screen,
                  time,
                  scenario.load().stream().map(LoadStream::id).toList(),
                  longest)
              .run();
      outcome
          .windows()
          .forEach((window, held) -> windows.add(span(window.text(), act.name(), held)));
      outcome.moments().forEach(m -> marks.add(new Timeline.Mark(m.name(), sinceLoad(m.at()))));
      if (act.control().isPresent()) {
        controls.add(control(act.control().get(), outcome.judgements()));
      } else {
        outcome.judgements().forEach(judgement -> verdicts.add(judgement.verdict()));
      }
    } finally {
      leases.close();
      leases
          .spans()
          .forEach(s ->
              faults.add(
                  new Timeline.Span(s.id(), act.name(), sinceLoad(s.from()), sinceLoad(s.to()))));
      problems.addAll(leases.problems());
    }
  }

  /** Puts the objects of an act into the folder and waits until they are in force. */
  private void put(Act act, Hops hops) throws IOException, InterruptedException {
    List<MeshResource> resources = new ArrayList<>(act.policies());
    resources.addAll(hops.detours());
    mesh.apply(LAYER, resources);
  }

  private static ControlVerdict control(Control control, List<Judgement> judgements) {
    List<Judgement> noticed = judgements.stream().filter(j -> j.known() && j.failed()).toList();
    List<Judgement> told = noticed.isEmpty() ? judgements : noticed;
    return new ControlVerdict(
        control.name(),
        control.says(),
        !noticed.isEmpty(),
        String.join(",", told.stream().map(j -> j.verdict().id()).toList()),
        String.join(
            "; ",
            told.stream().map(j -> j.verdict().id() + ": " + j.verdict().observed()).toList()));
  }

  /**
   * Workloads whose sidecars are killed lose their counters; with those nothing can be compared.
   */
  private List<LoadTarget> targets() {
    Set<String> killed = new HashSet<>();
    for (Act act : scenario.acts()) {
      for (FaultPlan plan : act.faults()) {
        switch (plan.action()) {
          case FaultPlan.SidecarKill(FaultPlan.Target target) -> killed.addAll(target.workloads());
          case FaultPlan.Restart(String workload, boolean drain) when !drain ->
              killed.add(workload);
          default -> {
            // Nobody's counters are lost.
          }
        }
      }
    }
    return scenario.load().stream()
        .map(stream ->
            new LoadTarget(
                stream.id(),
                ShopFolder.NAMESPACE + "/" + stream.to(),
                mesh.workloadsOf(stream.to()).stream()
                    .filter(workload -> !killed.contains(workload))
                    .toList()))
        .toList();
  }

  static Duration loadAtMost(List<Act> acts) {
    Duration sum = ACT_SPARE;
    for (Act act : acts) {
      sum = sum.plus(act.windows().total()).plus(ACT_SPARE);
      for (Expectation expectation : act.expectations()) {
        sum = sum.plus(expectation.recoverWithin().orElse(Duration.ZERO));
      }
      for (FaultPlan plan : act.faults()) {
        // Its window lasts until it is done.
        sum = plan.action() instanceof FaultPlan.Restart ? sum.plus(plan.ttl()) : sum;
      }
    }
    return sum;
  }

  private static boolean usesCertificates(Act act) {
    return act.expectations().stream()
        .anyMatch(
            e -> e.condition().figures().stream().anyMatch(figure -> figure.startsWith("certs.")));
  }

  private Timeline.Span span(String name, String act, Held held) {
    return new Timeline.Span(name, act, sinceLoad(held.from().at()), sinceLoad(held.to().at()));
  }

  private long sinceLoad(Instant instant) {
    return instant.toEpochMilli() - loadStarted;
  }

  private ScenarioVerdict verdict(Duration took, String aborted) {
    List<String> failed = new ArrayList<>(problems);
    verdicts.stream()
        .filter(v -> v.result() == Result.FAILED)
        .forEach(v -> failed.add(v.id() + " failed"));
    controls.stream()
        .filter(c -> !c.caught())
        .forEach(c -> failed.add("control " + c.name() + " was not noticed"));
    Result result =
        !aborted.isEmpty()
            ? Result.ABORTED
            : failed.isEmpty() && !verdicts.isEmpty() ? Result.PASSED : Result.FAILED;
    String reason = aborted.isEmpty() ? String.join("; ", failed) : aborted;
    windows.sort(java.util.Comparator.comparingLong(Timeline.Span::fromMillis));
    return of(
        scenario,
        result,
        reason,
        took,
        verdicts,
        controls,
        new Timeline(windows, faults, marks, bins));
  }

  /** A scenario that was not run. */
  static ScenarioVerdict notRun(Scenario scenario, Result result, String reason) {
    return of(scenario, result, reason, Duration.ZERO, List.of(), List.of(), Timeline.EMPTY);
  }

  private static ScenarioVerdict of(
      Scenario scenario,
      Result result,
      String reason,
      Duration took,
      List<ExpectationVerdict> verdicts,
      List<ControlVerdict> controls,
      Timeline timeline) {
    return new ScenarioVerdict(
        scenario.name(),
        scenario.title(),
        scenario.story(),
        result,
        reason,
        took.toMillis(),
        verdicts,
        controls,
        timeline);
  }

  private static void deleteIfEmpty(Path folder) throws IOException {
    Optional<Path> any;
    try (var files = Files.list(folder)) {
      any = files.findAny();
    }
    if (any.isEmpty()) {
      Files.delete(folder);
    }
  }
}
