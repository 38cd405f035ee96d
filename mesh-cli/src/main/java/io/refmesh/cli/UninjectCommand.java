package io.refmesh.cli;

import io.refmesh.control.inject.InjectMarks;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mesh uninject}: the opposite of {@code mesh inject}. */
@Command(
    name = "uninject",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Takes the mark for a sidecar off workloads.")
final class UninjectCommand implements Callable<Integer> {

  @Mixin private final WorkloadFiles files = new WorkloadFiles();

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    files.print(
        InjectMarks::uninject,
        "uninjected",
        spec.commandLine().getOut(),
        spec.commandLine().getErr());
    return ExitCode.PASSED;
  }
}
