package io.refmesh.local.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One process that the mesh started, with its log file; stopped by its own handle only. */
public final class ManagedProcess {

  /**
   * A session of its own for each: Ctrl-C in a terminal goes to every process of the session, and
   * would end sidecars before the applications that they serve. It replaces itself by the program,
   * so the pid is the program's.
   */
  private static final Path SETSID = Path.of("/usr/bin/setsid");

  private final String name;
  private final Process process;
  private final Path log;
  private final ProcessTable table;
  private volatile boolean stopping;

  private ManagedProcess(String name, Process process, Path log, ProcessTable table) {
    this.name = name;
    this.process = process;
    this.log = log;
    this.table = table;
  }

  /**
   * Starts a process.
   *
   * @param environment on top of the environment of this one
   * @param log gets standard output and error, appended
   */
  public static ManagedProcess start(
      String name,
      String role,
      List<String> command,
      Map<String, String> environment,
      Path directory,
      Path log,
      ProcessTable table)
      throws IOException {
    requireProgram(name, command, directory);
    List<String> own = new ArrayList<>();
    if (Files.isExecutable(SETSID)) {
      own.add(SETSID.toString());
    }
    own.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(own)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new IOException(
          name
              + " could not be started: "
              + e.getMessage()
              + " (command: "
              + String.join(" ", command)
              + ")",
          e);
    }
    try {
      table.add(name, role, process.toHandle());
    } catch (UncheckedIOException e) {
      // Nobody could stop after a crash what is not in the table.
      process.destroyForcibly();
      throw new IOException(name + " was stopped at once: " + e.getMessage(), e);
    }
    ManagedProcess managed = new ManagedProcess(name, process, log, table);
    process.onExit().thenRun(() -> table.remove(name, process.pid()));
    return managed;
  }

  /** Asked before the start: {@link #SETSID} would only end with a code that tells nobody why. */
  private static void requireProgram(String name, List<String> command, Path directory)
      throws IOException {
    String program = command.getFirst();
    boolean found =
        program.indexOf('/') >= 0
            ? Files.isExecutable(directory.resolve(program))
            : Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    if (!found) {
      throw new IOException(
          name
              + " could not be started: "
              + program
              + " is no program that can be run (command: "
              + String.join(" ", command)
              + ")");
    }
  }

  public String name() {
    return name;
  }

  public long pid() {
    return process.pid();
  }

  public Path log() {
    return log;
  }

  public boolean alive() {
    return process.isAlive();
  }

  /** Whether its end was asked for by {@link #stop} or {@link #kill}. */
  public boolean stopping() {
    return stopping;
  }

  public int exitCode() {
    return process.exitValue();
  }

  /**
   * The last line of its log after a colon, since that is where a process that ended said why;
   * empty without one.
   */
  public String lastWords() {
    try {
      List<String> lines = new ArrayList<>(Files.readAllLines(log, StandardCharsets.UTF_8));
      while (!lines.isEmpty() && lines.getLast().isBlank()) {
        lines.removeLast();
      }
      return lines.isEmpty() ? "" : ": " + lines.getLast();
    } catch (IOException e) {
      return "";
    }
  }

  /** Waits for its end; false when it still lives after {@code atMost}. */
  public boolean awaitExit(Duration atMost) throws InterruptedException {
    return process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Runs {@code action} once when it has ended, on any thread. */
  public void onExit(Runnable action) {
    process.onExit().thenRun(action);
  }

  /** Asks it to end (SIGTERM) without waiting. */
  public void terminate() {
    stopping = true;
    process.destroy();
  }

  /** Asks it to end and kills it after {@code grace}. */
  public void stop(Duration grace) {
    terminate();
    try {
      if (!awaitExit(grace)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    table.remove(name, process.pid());
  }

  /** Kills it (SIGKILL) and waits until it is gone. */
  public void kill() {
    stopping = true;
    try {
      process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    table.remove(name, process.pid());
  }
}
