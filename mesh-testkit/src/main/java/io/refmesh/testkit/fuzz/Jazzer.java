package io.refmesh.testkit.fuzz;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Runs Jazzer, in a process of its own, over one target: it changes the target's inputs, guided by
 * the branches that they reach, and keeps those that reach new ones in {@code target/fuzz}. One
 * that the target does not survive goes to the target's own folder, where {@link Fuzz#replay} finds
 * it from then on.
 *
 * <p>The class that is fuzzed has {@code public static void fuzzerInitialize()}, which warms up the
 * target that {@link #chosen} tells: classes are loaded and instrumented there, before the seconds
 * begin to count. It has {@code public static void fuzzerTestOneInput(byte[])}, too, which feeds
 * it.
 */
public final class Jazzer {

  private static final String MAIN = "com.code_intelligence.jazzer.Jazzer";
  private static final String TARGET = "fuzz.target";

  /** The classes whose branches are counted. */
  private static final String GUIDING = "io.refmesh.**:io.netty.handler.codec.**";

  /** Beyond what any parser here looks at in one piece, 16 KiB. */
  private static final int BYTES_MAX = 20_000;

  /** For `make verify`, with which a target's inputs are tried several hundred times over. */
  private static final long SECONDS = 5;

  /** An input that takes this long is a finding. */
  private static final int LONG_SECONDS = 5;

  /** For the start, and for the end of an input that never ends. */
  private static final int SPARE_SECONDS = 120;

  private static final int SHOWN_LINES = 40;

  private static final Pattern RUNS = Pattern.compile("Done (\\d+) runs in \\d+ second\\(s\\)");
  private static final Pattern BRANCHES = Pattern.compile("#\\d+\\s+DONE\\s+cov: (\\d+) .*");

  private final Class<?> fuzzed;
  private final Map<String, Fuzz> targets;
  private final Path reached;

  /**
   * @param fuzzed the class with the two methods
   * @param targets by name
   */
  public Jazzer(Class<?> fuzzed, Map<String, Fuzz> targets) {
    this(fuzzed, targets, Path.of("target", "fuzz"));
  }

  /**
   * @param reached the folder for what is kept between runs, and for the logs
   */
  Jazzer(Class<?> fuzzed, Map<String, Fuzz> targets, Path reached) {
    this.fuzzed = fuzzed;
    this.targets = targets;
    this.reached = reached;
  }

  /** In Jazzer's process: the target that is meant. */
  public Fuzz chosen() {
    return named(System.getProperty(TARGET, ""));
  }

  /** Those targets that are to be fuzzed: all, unless one is asked for. */
  public Stream<String> names() {
    String only = System.getProperty(TARGET, "");
    return targets.keySet().stream().sorted().filter(name -> only.isEmpty() || name.equals(only));
  }

  /** Feeds every target the inputs of its folder. */
  public void replay() {
    targets.values().forEach(Fuzz::replay);
  }

  private Fuzz named(String name) {
    Fuzz fuzz = targets.get(name);
    if (fuzz == null) {
      throw new IllegalArgumentException(
          TARGET + ": " + name + " (expected: one of " + targets.keySet() + ")");
    }
    return fuzz;
  }

  /**
   * Fuzzes for as many seconds as the system property {@code fuzz.seconds} says, and prints what
   * that was worth. Fails with what Jazzer says when there is a finding, and when nothing was
   * fuzzed.
   */
  public void run(String target) throws IOException, InterruptedException {
    System.out.println(run(target, Long.getLong("fuzz.seconds", SECONDS)));
  }

  Run run(String target, long seconds) throws IOException, InterruptedException {
    requireJazzer();
    Path folder = named(target).folder();
    Path kept = Files.createDirectories(reached.resolve(target));
    Path log = reached.resolve(target + ".log");
    int inputs = files(kept).size() + files(folder).size();
    int exit = process(target, folder, kept, log, seconds);
    List<String> lines =
        Files.readAllLines(log, StandardCharsets.ISO_8859_1).stream()
            .filter(line -> !line.startsWith("INFO: "))
            .toList();
    if (exit != 0) {
      String end =
          String.join("\n", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
      throw new AssertionError(
          "Jazzer ended with %d on %s. Its input stays in %s; again by: make fuzz TARGET=%s%n%s%nall of it: %s"
              .formatted(exit, target, folder, target, end, log.toAbsolutePath()));
    }
    return Run.read(target, inputs, lines);
  }

  private int process(String target, Path folder, Path kept, Path log, long seconds)
      throws IOException, InterruptedException {
    Process jazzer =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-XX:+EnableDynamicAgentLoading",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-D" + TARGET + "=" + target,
                "-cp",
                classPath(),
                MAIN,
                "--target_class=" + fuzzed.getName(),
                "--instrumentation_includes=" + GUIDING,
                // Not all classes: its guard of Unsafe fails on the queues inside Netty.
                "--custom_hook_includes=" + GUIDING,
                "--reproducer_path=" + reached,
                "-max_total_time=" + seconds,
                "-timeout=" + LONG_SECONDS,
                "-max_len=" + BYTES_MAX,
                "-len_control=100",
                "-artifact_prefix=" + folder + File.separator + "found-",
                kept.toString(),
                folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      if (!jazzer.waitFor(seconds + SPARE_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError(
            "Jazzer did not end %d s after its time, see %s".formatted(SPARE_SECONDS, log));
      }
      return jazzer.exitValue();
    } finally {
      jazzer.destroyForcibly();
    }
  }

  /** Surefire keeps it in a property, since its own is one jar that names the others. */
  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private static void requireJazzer() {
    try {
      Class.forName(MAIN, false, Jazzer.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      Assumptions.abort("Jazzer is not on the class path; `make fuzz` gets it (Maven's -Pfuzz)");
    }
  }

  static List<Path> files(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What a run without a finding was worth.
   *
   * @param inputs with which it began
   * @param runs of the target, those with the inputs among them
   * @param branches that were reached
   */
  record Run(String target, int inputs, long runs, long branches) {

    /** From the lines of a log; fails when nothing was tried or nothing guided it. */
    static Run read(String target, int inputs, List<String> lines) {
      Run run = new Run(target, inputs, number(RUNS, lines), number(BRANCHES, lines));
      // One run is with no input, one tries whether the target is instrumented.
      if (run.runs <= inputs + 2) {
        throw new AssertionError(run + " (expected: runs beyond the inputs; give it more seconds)");
      }
      if (run.branches <= 1) {
        throw new AssertionError(run + " (expected: branches, or nothing guides it)");
      }
      return run;
    }

    private static long number(Pattern pattern, List<String> lines) {
      return lines.stream()
          .map(pattern::matcher)
          .filter(Matcher::matches)
          .mapToLong(matcher -> Long.parseLong(matcher.group(1)))
          .findFirst()
          .orElse(0);
    }

    @Override
    public String toString() {
      return "%s: %d runs, %d inputs to begin with, %d branches reached"
          .formatted(target, runs, inputs, branches);
    }
  }
}
