package io.refmesh.cli;

import io.refmesh.cli.install.BadValueException;
import io.refmesh.cli.install.Manifests;
import io.refmesh.cli.install.Manifests.Part;
import io.refmesh.cli.install.Values;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mesh install}: prints what {@code kubectl apply -f -} puts on a cluster. */
@Command(
    name = "install",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Prints the manifests of the control plane: `mesh install | kubectl apply -f -`.")
final class InstallCommand implements Callable<Integer> {

  @Mixin private final ValueOptions options = new ValueOptions();
  @Mixin private final PartOption part = new PartOption();

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Manifests manifests = Manifests.of(RefmeshHome.current().directory());
    Values values = options.over(manifests.defaults());
    if (part.part() == Part.ALL && values.setsMeshConfig()) {
      throw new BadValueException(
          "trustDomain: this value is kept in a MeshConfig, which the API server takes only when it"
              + " knows the kind (expected: two steps, first with --crds, then with"
              + " --without-crds)");
    }
    spec.commandLine().getOut().print(manifests.install(values, part.part()));
    spec.commandLine().getOut().flush();
    return ExitCode.PASSED;
  }
}
