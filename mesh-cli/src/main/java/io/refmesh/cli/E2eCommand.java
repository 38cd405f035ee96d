package io.refmesh.cli;

import io.refmesh.chaos.E2e;
import io.refmesh.chaos.E2eOptions;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code mesh e2e}: runs the catalogue of scenarios against a mesh of its own and writes the
 * report.
 */
@Command(
    name = "e2e",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Starts a mesh, breaks it under load and says whether it kept its promises.")
final class E2eCommand implements Callable<Integer> {

  @Option(
      names = "--scenario",
      split = ",",
      paramLabel = "NAME",
      description = "Only these scenarios (default: the whole catalogue).")
  private List<String> scenarios = List.of();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of everything drawn at random (default: a fresh one, printed).")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where reports go (default: ${DEFAULT-VALUE}).",
      defaultValue = "out/e2e")
  @SuppressWarnings("NullAway.Init")
  private Path out;

  @Option(
      names = "--environment",
      paramLabel = "WHERE",
      description =
          "local: processes on this machine; kind: a cluster of Docker (default: MESH_ENV, or"
              + " local).")
  private Optional<String> environment = Optional.empty();

  @Mixin private final ClusterChoice cluster = new ClusterChoice();

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    RefmeshHome home = RefmeshHome.current();
    Path reports = out.toAbsolutePath().normalize();
    return cluster.chosen(environment, System.getenv())
        ? cluster.run(home.directory(), scenarios, seed, reports, spec.commandLine().getOut())
        : E2e.run(new E2eOptions(home, scenarios, seed, reports), spec.commandLine().getOut());
  }
}
