package io.refmesh.cli;

import io.refmesh.cli.check.ApiServer;
import io.refmesh.cli.install.Installation;
import io.refmesh.cli.install.Manifests;
import io.refmesh.cli.install.Values;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code mesh upgrade}: prints what brings the mesh of a cluster to this version. */
@Command(
    name = "upgrade",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description =
        "Prints the manifests of this version with the values of the installation that a cluster"
            + " has: `mesh upgrade | kubectl apply -f -`. Restart workloads afterwards: sidecars"
            + " change with their pods.")
final class UpgradeCommand implements Callable<Integer> {

  @Mixin private final ValueOptions options = new ValueOptions();
  @Mixin private final PartOption part = new PartOption();

  @Option(
      names = "--context",
      paramLabel = "NAME",
      description = "Context of the kubeconfig (default: its current one).")
  private Optional<String> context = Optional.empty();

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Manifests manifests = Manifests.of(RefmeshHome.current().directory());
    Installation installed;
    try (ApiServer server = ApiServer.of(context)) {
      JsonNode found =
          server
              .get(Installation.PATH)
              .orElseThrow(() ->
                  new IOException(
                      "no mesh is installed on this cluster: it has no ConfigMap"
                          + " refmesh-system/refmesh-installation (expected: what `mesh install`"
                          + " put there)"));
      installed = Installation.of(found, manifests.defaults());
    }
    Values values = installed.allowed(options.over(installed.upgradedTo(manifests.version())));
    spec.commandLine().getOut().print(manifests.install(values, part.part()));
    spec.commandLine().getOut().flush();
    return ExitCode.PASSED;
  }
}
