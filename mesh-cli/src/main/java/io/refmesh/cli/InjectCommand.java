package io.refmesh.cli;

import io.refmesh.control.inject.InjectMarks;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mesh inject}: marks the workloads of manifests for a sidecar. */
@Command(
    name = "inject",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Marks workloads for a sidecar: `mesh inject shop.yaml | kubectl apply -f -`.")
final class InjectCommand implements Callable<Integer> {

  @Mixin private final WorkloadFiles files = new WorkloadFiles();

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    files.print(
        InjectMarks::inject, "injected", spec.commandLine().getOut(), spec.commandLine().getErr());
    return ExitCode.PASSED;
  }
}
