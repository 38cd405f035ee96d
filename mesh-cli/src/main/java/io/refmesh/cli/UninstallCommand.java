package io.refmesh.cli;

import io.refmesh.cli.install.Manifests;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mesh uninstall}: prints what {@code kubectl delete -f -} takes off a cluster. */
@Command(
    name = "uninstall",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description =
        "Prints what an installation left on a cluster, with every policy of the mesh:"
            + " `mesh uninstall | kubectl delete --ignore-not-found -f -`.")
final class UninstallCommand implements Callable<Integer> {

  @Mixin private final PartOption part = new PartOption();

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Manifests manifests = Manifests.of(RefmeshHome.current().directory());
    spec.commandLine()
        .getOut()
        .print(manifests.uninstall(manifests.defaults().everything(), part.part()));
    spec.commandLine().getOut().flush();
    return ExitCode.PASSED;
  }
}
