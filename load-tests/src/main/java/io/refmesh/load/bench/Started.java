package io.refmesh.load.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A process that the bench started, with its descendants (nginx has workers). Linux: reads /proc.
 */
record Started(String name, ProcessHandle process) {

  /** Ticks of {@code /proc/PID/stat} are hundredths of a second on every Linux of today. */
  private static final double MICROS_PER_TICK = 10_000;

  private static final int UTIME = 11;
  private static final int STIME = 12;

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  record Memory(double rssMiB, double pssMiB) {}

  boolean alive() {
    return process.isAlive();
  }

  /** User and system time of the processes so far, microseconds. */
  double cpuMicros() {
    double ticks = 0;
    for (ProcessHandle one : all()) {
      Optional<String> stat = read("/proc/" + one.pid() + "/stat");
      if (stat.isPresent()) {
        String[] fields = stat.get().substring(stat.get().lastIndexOf(')') + 2).split(" ");
        ticks += Double.parseDouble(fields[UTIME]) + Double.parseDouble(fields[STIME]);
      }
    }
    return ticks * MICROS_PER_TICK;
  }

  Memory memory() {
    double rss = 0;
    double pss = 0;
    for (ProcessHandle one : all()) {
      for (String line : read("/proc/" + one.pid() + "/smaps_rollup").orElse("").split("\n")) {
        if (line.startsWith("Rss:")) {
          rss += kib(line);
        } else if (line.startsWith("Pss:")) {
          pss += kib(line);
        }
      }
    }
    return new Memory(rss / 1024, pss / 1024);
  }

  /** With SIGTERM, after five seconds with SIGKILL; only what this bench started. */
  void stop() {
    List<ProcessHandle> all = all();
    process.destroy();
    for (ProcessHandle one : all) {
      try {
        one.onExit().get(PATIENCE.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
      } catch (java.util.concurrent.TimeoutException | java.util.concurrent.ExecutionException e) {
        one.destroyForcibly();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        one.destroyForcibly();
      }
    }
  }

  private List<ProcessHandle> all() {
    return Stream.concat(Stream.of(process), process.descendants()).toList();
  }

  private static double kib(String line) {
    return Double.parseDouble(line.replaceAll("[^0-9]", ""));
  }

  private static Optional<String> read(String file) {
    try {
      return Optional.of(Files.readString(Path.of(file)));
    } catch (IOException e) {
      // Gone meanwhile.
      return Optional.empty();
    }
  }
}
