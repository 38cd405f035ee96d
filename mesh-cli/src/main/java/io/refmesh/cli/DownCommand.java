package io.refmesh.cli;

import io.refmesh.local.MeshDown;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mesh down}: stops a mesh by the handles in its state folder, also after a crash. */
@Command(
    name = "down",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Stops the mesh of a state folder, also what a crash left behind.")
final class DownCommand implements Callable<Integer> {

  @Mixin private final StateOption state = new StateOption();

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<String> stopped = MeshDown.stop(state.directory());
    spec.commandLine()
        .getOut()
        .println(
            stopped.isEmpty() ? "nothing was running" : "stopped " + String.join(", ", stopped));
    return ExitCode.PASSED;
  }
}
