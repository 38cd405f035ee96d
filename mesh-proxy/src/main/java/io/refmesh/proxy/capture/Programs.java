package io.refmesh.proxy.capture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs the programs of the operating system that know the rules. Blocking. */
interface Programs {

  /** What a program said when it had ended. */
  record Said(int exitCode, String output, String error) {
    boolean well() {
      return exitCode == 0;
    }
  }

  /** Whether there is a program with this name. */
  boolean has(String name);

  /** Runs to the end; {@code input} is its standard input. */
  Said run(List<String> command, String input) throws IOException, InterruptedException;

  /** Those of this machine. */
  final class OfTheMachine implements Programs {

    /** The kernel answers at once; only another program's lock can make one wait. */
    private static final int SECONDS_MAX = 30;

    /** Where a container's PATH does not always lead. */
    private static final List<String> FOLDERS =
        List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin");

    @Override
    public boolean has(String name) {
      return maybePath(name).isPresent();
    }

    @Override
    public Said run(List<String> command, String input) throws IOException, InterruptedException {
      String program =
          maybePath(command.getFirst())
              .map(Path::toString)
              .orElseThrow(() -> new IOException(command.getFirst() + " is not installed"));
      ProcessBuilder builder =
          new ProcessBuilder(Stream.concat(Stream.of(program), command.stream().skip(1)).toList());
      // Messages are compared and shown in one language.
      builder.environment().put("LC_ALL", "C");
      Process process = builder.start();
      StringBuilder error = new StringBuilder();
      Thread errors =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  error.append(text(process.getErrorStream().readAllBytes()));
                } catch (IOException e) {
                  error.append(e.getMessage());
                }
              });
      try (var to = process.getOutputStream()) {
        to.write(input.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        // It ended before it had read everything; its exit code says why.
      }
      String output = text(process.getInputStream().readAllBytes());
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(
            String.join(" ", command) + " did not end within " + SECONDS_MAX + " s");
      }
      errors.join();
      return new Said(process.exitValue(), output, error.toString().strip());
    }

    private static String text(byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Optional<Path> maybePath(String name) {
      return FOLDERS.stream()
          .map(folder -> Path.of(folder, name))
          .filter(Files::isExecutable)
          .findFirst();
    }
  }
}
