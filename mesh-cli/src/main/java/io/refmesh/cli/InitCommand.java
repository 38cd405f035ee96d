package io.refmesh.cli;

import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/**
 * {@code mesh init}: the init program that a pod runs before its sidecar, in the network namespace
 * of whoever calls it. It comes with the proxy; arguments, words and exit code are its own.
 */
@Command(
    name = "init",
    description = "Writes the rules that lead connections through a sidecar (`mesh init --help`).")
final class InitCommand implements Callable<Integer> {

  @Unmatched private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    RefmeshHome home = RefmeshHome.current();
    List<String> command =
        new ArrayList<>(
            List.of(
                home.java().toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                home.jar("mesh-proxy").toString(),
                "io.refmesh.proxy.capture.CaptureMain"));
    command.addAll(arguments);
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }
}
