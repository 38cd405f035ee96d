package io.refmesh.load;

import io.gatling.app.Gatling$;
import io.refmesh.load.LoadRun.Ending;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code java -jar load-tests.jar PLAN.json OUTDIR}: carries out a plan and leaves the record in
 * the folder. The exit codes are listed in the README.
 */
public final class LoadMain {

  private static final int DONE = 0;
  private static final int REFUSED = 2;
  private static final int RECORD_INCOMPLETE = 3;
  private static final int GATLING_FAILED = 4;

  private LoadMain() {}

  /** Runs, then ends the JVM: Gatling leaves threads behind. */
  public static void main(String[] args) {
    System.exit(run(args, System.out, System.err));
  }

  static int run(String[] args, PrintStream out, PrintStream err) {
    if (args.length != 2) {
      err.println("usage: java -jar load-tests.jar PLAN.json OUTDIR");
      return REFUSED;
    }
    Path folder = Path.of(args[1]).toAbsolutePath();
    LoadPlan plan;
    LoadRun run;
    try {
      plan = PlanReader.read(Path.of(args[0]));
      Files.createDirectories(folder);
      LoadClock clock = LoadClock.system();
      run = new LoadRun(plan, folder, clock, Recorder.open(folder.resolve("requests.tsv")), out);
    } catch (PlanRefused refused) {
      err.println("load: " + refused.getMessage());
      return REFUSED;
    } catch (FileAlreadyExistsException occupied) {
      err.println(
          "load: "
              + occupied.getFile()
              + " is there already (expected: an OUTDIR without an earlier run)");
      return REFUSED;
    } catch (IOException unwritable) {
      err.println("load: cannot write to " + folder + ": " + unwritable);
      return RECORD_INCOMPLETE;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(run), "stop"));
    boolean passed = gatling(plan, folder, run, err);
    Ending ending = run.finish();
    if (!passed || !ending.planCarriedOut()) {
      err.println("load: Gatling failed: " + ending.text());
      return GATLING_FAILED;
    }
    return ending.recordComplete() ? DONE : RECORD_INCOMPLETE;
  }

  /** Only a signal finds the run unfinished here; the JVM then ends with the signal's exit code. */
  private static void stop(LoadRun run) {
    if (!run.isFinished()) {
      run.stop();
      run.finish();
    }
  }

  private static boolean gatling(LoadPlan plan, Path folder, LoadRun run, PrintStream err) {
    System.setProperty("io.netty.eventLoopThreads", "1");
    System.setProperty("java.util.prefs.PreferencesFactory", OfflinePreferences.class.getName());
    PlanSimulation.next(run);
    List<String> options =
        new ArrayList<>(
            List.of(
                "-s", PlanSimulation.class.getName(), "-rf", folder.resolve("gatling").toString()));
    if (!plan.report()) {
      options.add("-nr");
    }
    try {
      return Gatling$.MODULE$.fromArgs(options.toArray(new String[0])) == 0;
    } catch (RuntimeException crashed) {
      crashed.printStackTrace(err);
      return false;
    }
  }
}
