package io.refmesh.cli;

import io.refmesh.cli.check.ApiServer;
import io.refmesh.cli.check.ClusterCheck;
import io.refmesh.cli.check.Finding;
import io.refmesh.cli.install.Manifests;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code mesh check}: whether a cluster can carry the mesh, or whether the mesh on it is well. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Looks at the mesh on a cluster; for each failure says what to do.")
final class CheckCommand implements Callable<Integer> {

  @Option(names = "--pre", description = "Whether the mesh can be installed.")
  private boolean before;

  @Option(
      names = "--context",
      paramLabel = "NAME",
      description = "Context of the kubeconfig (default: its current one).")
  private Optional<String> context = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table or json (default: ${DEFAULT-VALUE}).",
      defaultValue = "table")
  @SuppressWarnings("NullAway.Init")
  private Format format;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private enum Format {
    TABLE,
    JSON
  }

  @Override
  public Integer call() throws IOException {
    Manifests manifests = Manifests.of(RefmeshHome.current().directory());
    List<Finding> findings;
    try (ApiServer server = ApiServer.of(context)) {
      ClusterCheck check = new ClusterCheck(server, InstantSource.system(), manifests);
      findings = before ? check.before() : check.installed();
    }
    boolean passed = ClusterCheck.passed(findings);
    PrintWriter out = spec.commandLine().getOut();
    switch (format) {
      case JSON ->
          out.println(
              JsonMapper.shared()
                  .writerWithDefaultPrettyPrinter()
                  .writeValueAsString(Map.of("passed", passed, "findings", findings)));
      case TABLE -> table(findings, out);
    }
    out.flush();
    return passed ? ExitCode.PASSED : ExitCode.FAILED;
  }

  static void table(List<Finding> findings, PrintWriter out) {
    for (Finding finding : findings) {
      out.printf(
          Locale.ROOT,
          "%-8s %-17s %s%n",
          finding.outcome().name().toLowerCase(Locale.ROOT),
          finding.check(),
          finding.message());
      if (!finding.hint().isEmpty()) {
        out.printf(Locale.ROOT, "%27s%s%n", "→ ", finding.hint());
        out.printf(Locale.ROOT, "%27s%s%n", "  ", finding.link());
      }
    }
  }
}
