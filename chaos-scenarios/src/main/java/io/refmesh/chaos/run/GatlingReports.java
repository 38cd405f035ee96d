package io.refmesh.chaos.run;

import io.refmesh.local.process.ManagedProcess;
import io.refmesh.local.process.ProcessTable;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Gatling's own reports, made from its logs when every mesh is down: while one runs, the CPU is not
 * ours to spend. They are an extra; verdicts do not need them.
 */
final class GatlingReports {

  private static final String LOG = "simulation.log";

  /** Each takes about two seconds of CPU; two at a time keep two cores busy. */
  private static final int AT_ONCE = 2;

  private static final Duration WITHIN = Duration.ofSeconds(60);

  private GatlingReports() {}

  /** Makes a report beside each log below {@code folder}; returns what could not be made. */
  static List<String> make(RefmeshHome home, Path folder, Path logs, ProcessTable table)
      throws IOException, InterruptedException {
    List<String> problems = new ArrayList<>();
    Deque<ManagedProcess> running = new ArrayDeque<>();
    try {
      for (Path run : runs(folder)) {
        if (running.size() == AT_ONCE) {
          await(running.removeFirst(), problems);
        }
        running.add(start(home, run, logs, table));
      }
      while (!running.isEmpty()) {
        await(running.removeFirst(), problems);
      }
      return problems;
    } finally {
      running.forEach(ManagedProcess::kill);
    }
  }

  private static List<Path> runs(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> found = Files.find(folder, 4, (path, attributes) -> path.endsWith(LOG))) {
      return found.map(path -> path.toAbsolutePath().getParent()).sorted().toList();
    }
  }

  private static ManagedProcess start(RefmeshHome home, Path run, Path logs, ProcessTable table)
      throws IOException {
    List<String> command =
        List.of(
            home.java().toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            // As in the manifest of the jar, which counts only when the jar itself is run.
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "-cp",
            home.jar("load-tests").toString(),
            "io.gatling.app.Gatling",
            "-ro",
            String.valueOf(run.getFileName()),
            "-rf",
            String.valueOf(run.getParent()));
    return ManagedProcess.start(
        "gatling-report-" + run.getFileName(),
        "report",
        command,
        Map.of(),
        run,
        logs.resolve("gatling-reports.log"),
        table);
  }

  private static void await(ManagedProcess process, List<String> problems)
      throws InterruptedException {
    if (!process.awaitExit(WITHIN)) {
      process.kill();
      problems.add(process.name() + " took longer than " + WITHIN.toSeconds() + " s");
    } else if (process.exitCode() != 0) {
      problems.add(
          process.name()
              + " ended with exit code "
              + process.exitCode()
              + " (log: "
              + process.log()
              + ")");
    }
  }
}
