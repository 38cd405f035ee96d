package io.refmesh.chaos;

import io.refmesh.chaos.kubernetes.ClusterSettings;
import io.refmesh.chaos.kubernetes.KubernetesEnvironment;
import io.refmesh.chaos.local.LocalEnvironment;
import io.refmesh.chaos.mesh.Environment;
import io.refmesh.chaos.report.LiveProgress;
import io.refmesh.chaos.report.Reports;
import io.refmesh.chaos.run.Run;
import io.refmesh.chaos.run.StopOnSignal;
import io.refmesh.chaos.run.Time;
import io.refmesh.chaos.scenario.BadScenarioException;
import io.refmesh.chaos.scenario.Catalogue;
import io.refmesh.chaos.scenario.Scenario;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** Runs the catalogue, or some of it, and ends with a code that a script can use. */
public final class E2e {

  static final int PASSED = 0;

  /** An expectation failed, or a negative control was not noticed. */
  static final int FAILED = 1;

  static final int BAD_SCENARIO = 2;

  /** Somebody stopped it. */
  public static final int ABORTED = 3;

  /** Something is missing or in the way, such as a jar that was not built or room on the disk. */
  public static final int ENVIRONMENT = 4;

  /** Fresh seeds are short, since people type them. */
  private static final int FRESH_SEEDS = 1_000_000;

  /** How long an orderly end may take after Ctrl-C before the JVM ends all the same. */
  private static final Duration STOP_WITHIN = Duration.ofSeconds(60);

  private static final String IN_CLUSTER = "in-cluster";
  private static final String LOCAL = "local";

  private E2e() {}

  /**
   * Runs the scenarios of {@code options} and tells about it on {@code out}. On Ctrl-C it ends
   * faults, load and mesh in order, writes what is known by then, and the JVM ends with {@link
   * #ABORTED}.
   */
  public static int run(E2eOptions options, PrintWriter out)
      throws IOException, InterruptedException {
    Environment opened;
    try {
      opened = environment(options);
    } catch (IOException e) {
      return lacking(e, out);
    }
    try (Environment environment = opened) {
      return run(environment, options, out);
    }
  }

  private static int run(Environment environment, E2eOptions options, PrintWriter out)
      throws IOException, InterruptedException {
    List<Scenario> scenarios;
    Run run;
    long seed = options.seed().orElseGet(() -> (long) new SplittableRandom().nextInt(FRESH_SEEDS));
    String replay = replay(options, seed, environment.name());
    boolean terminal = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    LiveProgress progress = new LiveProgress(out, terminal);
    try {
      scenarios = Catalogue.select(options.scenarios());
      run =
          new Run(
              environment,
              options.home(),
              scenarios,
              seed,
              replay,
              options.out(),
              progress,
              Time.SYSTEM);
    } catch (BadScenarioException e) {
      out.println(e.getMessage());
      out.flush();
      return BAD_SCENARIO;
    }
    try {
      environment.require();
    } catch (IOException e) {
      return lacking(e, out);
    }
    out.println("seed " + seed + "; run it again: " + replay);
    out.flush();
    try (StopOnSignal signal =
        new StopOnSignal(
            out,
            "stopping: faults first, then the load, then the mesh",
            STOP_WITHIN,
            ABORTED,
            () -> {})) {
      return finished(run.run(), out);
    } catch (BadScenarioException e) {
      out.println(e.getMessage());
      return BAD_SCENARIO;
    } catch (IOException e) {
      return lacking(e, out);
    } finally {
      out.flush();
    }
  }

  /** In a pod of a cluster when {@code MESH_ENV} says so, else on this machine. */
  private static Environment environment(E2eOptions options) throws IOException {
    Map<String, String> environment = System.getenv();
    return IN_CLUSTER.equals(environment.get("MESH_ENV"))
        ? new KubernetesEnvironment(options.home(), ClusterSettings.of(environment))
        : new LocalEnvironment(options.home());
  }

  private static int finished(Run.Finished finished, PrintWriter out) {
    RunVerdict verdict = finished.verdict();
    Reports.table(verdict, out);
    out.println("report: " + finished.folder().resolve("report.html"));
    out.println("run it again: " + verdict.replay());
    if (Thread.currentThread().isInterrupted()) {
      return ABORTED;
    }
    return code(verdict);
  }

  static int code(RunVerdict verdict) {
    if (verdict.scenarios().stream().anyMatch(s -> s.result() == Result.FAILED)) {
      return FAILED;
    }
    if (verdict.scenarios().stream().anyMatch(s -> s.result() == Result.ABORTED)) {
      return ABORTED;
    }
    return verdict.passed() ? PASSED : ENVIRONMENT;
  }

  private static int lacking(IOException e, PrintWriter out) {
    out.println(e.getMessage() == null ? e.toString() : e.getMessage());
    out.flush();
    return ENVIRONMENT;
  }

  private static String replay(E2eOptions options, long seed, String environment) {
    return (environment.equals(LOCAL) ? "" : "MESH_ENV=" + environment + " ")
        + "bin/mesh e2e --seed "
        + seed
        + (options.scenarios().isEmpty()
            ? ""
            : " --scenario " + String.join(",", options.scenarios()));
  }
}
