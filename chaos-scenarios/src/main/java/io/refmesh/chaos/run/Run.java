package io.refmesh.chaos.run;

import io.refmesh.chaos.fault.Leases;
import io.refmesh.chaos.mesh.Environment;
import io.refmesh.chaos.mesh.Environment.Toxiproxies;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.observe.Observer;
import io.refmesh.chaos.report.LiveProgress;
import io.refmesh.chaos.report.Reports;
import io.refmesh.chaos.scenario.BadScenarioException;
import io.refmesh.chaos.scenario.Catalogue;
import io.refmesh.chaos.scenario.Scenario;
import io.refmesh.chaos.scenario.Topology;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import io.refmesh.local.process.ProcessTable;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run: groups of scenarios one after the other, each on a mesh of its own. The file of this
 * package to open first. Used once, on the thread that an interrupt stops.
 */
public final class Run {

  private final Environment environment;
  private final RefmeshHome home;
  private final List<Scenario> scenarios;
  private final Map<String, Topology> topologies = new LinkedHashMap<>();
  private final long seed;
  private final String replay;
  private final Path out;
  private final LiveProgress progress;
  private final Time time;
  private final List<ScenarioVerdict> verdicts = new ArrayList<>();

  /**
   * @param replay the command that runs it again
   * @throws BadScenarioException when a scenario names a group that there is not
   */
  public Run(
      Environment environment,
      RefmeshHome home,
      List<Scenario> scenarios,
      long seed,
      String replay,
      Path out,
      LiveProgress progress,
      Time time)
      throws BadScenarioException, IOException {
    this.environment = environment;
    this.home = home;
    this.scenarios = List.copyOf(scenarios);
    this.seed = seed;
    this.replay = replay;
    this.out = out;
    this.progress = progress;
    this.time = time;
    for (Scenario scenario : scenarios) {
      if (!topologies.containsKey(scenario.group())) {
        topologies.put(scenario.group(), Catalogue.topology(scenario.group()));
      }
    }
  }

  /** What a run left: the verdict, and where it was written. */
  public record Finished(RunVerdict verdict, Path folder) {}

  /**
   * Runs every scenario and writes the reports, also after an interrupt, which marks what was not
   * run as aborted.
   *
   * @throws IOException when the environment lacks something; nothing is left running
   */
  public Finished run() throws IOException, BadScenarioException {
    Instant started = time.instant();
    List<String> leftovers = new ArrayList<>();
    try (OutFolder folder = OutFolder.create(out, started, seed, leftovers)) {
      if (!leftovers.isEmpty()) {
        progress.say("stopped what an earlier run had left: " + String.join(", ", leftovers));
      }
      boolean interrupted = false;
      String reason = "the run was stopped before it began";
      @Nullable IOException lacking = null;
      try {
        runGroups(folder);
        GatlingReports.make(
                home, folder.load(""), folder.logs(), new ProcessTable(folder.processes()))
            .forEach(progress::say);
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (IOException e) {
        lacking = e;
        reason = String.valueOf(e.getMessage());
      }
      // Reports are written whatever happened; an interrupt has done its work by now.
      interrupted |= Thread.interrupted();
      for (Scenario scenario : scenarios.subList(verdicts.size(), scenarios.size())) {
        verdicts.add(ScenarioRun.notRun(scenario, Result.ABORTED, reason));
      }
      RunVerdict verdict =
          new RunVerdict(
              environment.name(),
              environment.versions(),
              seed,
              started,
              Duration.between(started, time.instant()).toMillis(),
              replay,
              verdicts);
      folder.requireRoom();
      Reports.write(folder.directory(), verdict);
      if (interrupted) {
        Thread.currentThread().interrupt();
      } else if (lacking != null) {
        throw lacking;
      }
      return new Finished(verdict, folder.directory());
    }
  }

  private void runGroups(OutFolder folder)
      throws IOException, InterruptedException, BadScenarioException {
    Seeds seeds = new Seeds(seed);
    try (HttpJson http = new HttpJson();
        ScheduledExecutorService timers =
            Executors.newSingleThreadScheduledExecutor(
                Thread.ofVirtual().name("leases").factory());
        Toxiproxies toxiproxies =
            environment.toxiproxies(folder.forEnvironment(), seeds.of("toxiproxy"), http)) {
      for (int next = 0; next < scenarios.size(); ) {
        String group = scenarios.get(next).group();
        int end = next;
        while (end < scenarios.size() && scenarios.get(end).group().equals(group)) {
          end++;
        }
        runGroup(
            scenarios.subList(next, end),
            topology(group),
            folder,
            seeds,
            http,
            toxiproxies,
            timer(timers));
        next = end;
      }
    }
  }

  private void runGroup(
      List<Scenario> members,
      Topology topology,
      OutFolder folder,
      Seeds seeds,
      HttpJson http,
      Toxiproxies toxiproxies,
      Leases.Timer timer)
      throws IOException, InterruptedException, BadScenarioException {
    Instant began = time.instant();
    progress.say("starting the mesh of group " + topology.name());
    try (GroupMesh mesh =
        environment.start(
            topology, folder.mesh(topology.name()), seeds.of("shop"), http, this::tell)) {
      progress.say(
          "mesh ready: "
              + mesh.running().size()
              + " workloads with sidecars in "
              + Duration.between(began, time.instant()).toMillis() / 1000.0
              + " s");
      warmUp(mesh, folder.load("warm-up-" + topology.name()));
      for (Scenario scenario : members) {
        folder.requireRoom();
        folder.keepScenario(scenario.name(), scenario.source());
        progress.scenarioStarted(scenario.name(), scenario.title());
        Optional<String> unfit = environment.unfit(scenario);
        ScenarioVerdict verdict =
            unfit.isPresent()
                ? ScenarioRun.notRun(scenario, Result.SKIPPED, unfit.get())
                : new ScenarioRun(
                        scenario,
                        mesh,
                        http,
                        toxiproxies.of(scenario),
                        folder.load(scenario.name()),
                        seeds,
                        time,
                        timer,
                        observer -> screen(observer))
                    .run();
        verdicts.add(verdict);
        progress.scenarioEnded(verdict);
        if (Thread.interrupted()) {
          throw new InterruptedException("stopped by the user");
        }
      }
    }
  }

  private void warmUp(GroupMesh mesh, Path files) throws IOException, InterruptedException {
    progress.say(
        WarmUp.run(mesh, files)
            .map(took -> "warm after " + took.toMillis() / 1000.0 + " s under light load")
            .orElse(
                "still slow after all the time for warming up; this machine may be too busy for"
                    + " what follows"));
  }

  private Topology topology(String group) {
    Topology topology = topologies.get(group);
    if (topology == null) {
      throw new IllegalStateException("group " + group + " was not read");
    }
    return topology;
  }

  /** What the mesh says of itself; who got ready when is of no interest here. */
  private void tell(String line) {
    if (!line.startsWith("ready ")) {
      progress.say(line);
    }
  }

  private Screen screen(Observer observer) {
    return new Screen() {
      @Override
      public void act(String name) {
        progress.act(name);
      }

      @Override
      public void window(String name, Duration length) {
        progress.window(name, length);
      }

      @Override
      public void tick(String window) {
        Observer.LastSecond last = observer.lastSecond();
        progress.tick(window, last.ratePerSecond(), last.errors());
      }

      @Override
      public void say(String line) {
        progress.say(line);
      }
    };
  }

  private static Leases.Timer timer(ScheduledExecutorService timers) {
    return (after, action) -> {
      ScheduledFuture<?> scheduled =
          timers.schedule(action, after.toMillis(), TimeUnit.MILLISECONDS);
      return () -> scheduled.cancel(false);
    };
  }
}
