package io.refmesh.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A program of this machine that nobody of us wrote: found, started, waited for, stopped. */
final class Program {

  private static final long TIMEOUT_SECONDS = 120;

  /** What it left: exit status and everything it printed, both streams in one. */
  record Result(int exit, String output) {}

  /** Writes to or reads from a running program; on a thread of its own. */
  interface Feed {
    void to(OutputStream stream) throws IOException;
  }

  /** See {@link Feed}. */
  interface Drink {
    void from(InputStream stream) throws IOException;
  }

  private Program() {}

  /** Where it is; the test is not run when it is not installed, and says how to get it. */
  static String path(String name, String install) {
    Optional<Path> found =
        Stream.concat(
                Stream.of(System.getenv("PATH").split(":")),
                Stream.of("/usr/sbin", "/usr/local/bin", "/usr/local/go/bin"))
            .map(folder -> Path.of(folder, name))
            .filter(Files::isExecutable)
            .findFirst();
    Assumptions.assumeTrue(found.isPresent(), name + " is not installed; get it by: " + install);
    return found.orElseThrow().toString();
  }

  /** Runs to the end. */
  static Result run(List<String> command) {
    return run(command, Map.of(), OutputStream::flush);
  }

  /** Runs to the end, with this at its standard input. */
  static Result run(List<String> command, Feed input) {
    return run(command, Map.of(), input);
  }

  /** Runs to the end, with more in its environment. */
  static Result run(List<String> command, Map<String, String> environment) {
    return run(command, environment, OutputStream::flush);
  }

  private static Result run(List<String> command, Map<String, String> environment, Feed input) {
    try {
      Process process = builder(command, environment).start();
      CompletableFuture<Void> fed = feed(process, input);
      CompletableFuture<String> output =
          CompletableFuture.supplyAsync(
              () -> text(process.getInputStream()), Thread::startVirtualThread);
      try {
        return new Result(exit(process, command), output.get(5, TimeUnit.SECONDS));
      } finally {
        stop(process);
        fed.cancel(true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Exception e) {
      throw new AssertionError(command + " failed", e);
    }
  }

  /** Runs to the end while its output is read as bytes; answers its exit status. */
  static int read(List<String> command, Drink output) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try {
        output.from(process.getInputStream());
        return exit(process, command);
      } finally {
        stop(process);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a server; its output goes to {@code log}. The caller stops it. */
  static Process start(Path log, List<String> command) {
    return start(log, command, Map.of());
  }

  /** Starts a server with more in its environment. */
  static Process start(Path log, List<String> command, Map<String, String> environment) {
    try {
      return builder(command, environment).redirectOutput(log.toFile()).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ProcessBuilder builder(List<String> command, Map<String, String> environment) {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    return builder;
  }

  /** The command with more arguments. */
  static List<String> with(List<String> command, String... more) {
    return Stream.concat(command.stream(), Stream.of(more)).toList();
  }

  /** Gentle first, then by force; returns when it is gone. */
  static void stop(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** The command as another user when this one is root: some servers refuse to be root. */
  static List<String> asUser(String user, List<String> command) {
    if (!System.getProperty("user.name", "").equals("root")) {
      return command;
    }
    List<String> whole =
        new ArrayList<>(
            List.of(
                path("setpriv", "apt-get install util-linux"),
                "--reuid=" + user,
                "--regid=" + user,
                "--clear-groups"));
    whole.addAll(command);
    return whole;
  }

  private static CompletableFuture<Void> feed(Process process, Feed input) {
    return CompletableFuture.runAsync(
        () -> {
          try (OutputStream stream = process.getOutputStream()) {
            input.to(stream);
          } catch (IOException e) {
            // It closed its input: its exit status tells why.
          }
        },
        Thread::startVirtualThread);
  }

  private static String text(InputStream stream) {
    try (stream) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "could not be read: " + e.getMessage();
    }
  }

  private static int exit(Process process, List<String> command) {
    try {
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError(command + " did not end within " + TIMEOUT_SECONDS + " s");
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
