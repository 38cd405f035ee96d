package io.refmesh.cli;

import io.refmesh.chaos.cluster.ClusterE2e;
import io.refmesh.chaos.cluster.ClusterOptions;
import io.refmesh.cli.check.ApiServer;
import io.refmesh.cli.check.ClusterCheck;
import io.refmesh.cli.check.Finding;
import io.refmesh.cli.check.Finding.Outcome;
import io.refmesh.cli.install.Manifests;
import io.refmesh.cli.install.Manifests.Part;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Whether {@code mesh e2e} runs on a cluster, and on which. */
final class ClusterChoice {

  private static final String VARIABLE = "MESH_ENV";
  private static final String KIND = "kind";
  private static final String LOCAL = "local";

  /** What the harness's own pod is told: it is there already. */
  private static final String IN_CLUSTER = "in-cluster";

  @Option(
      names = "--cluster",
      paramLabel = "NAME",
      description =
          "A kind cluster that is there, which keeps nothing of it (default: one is made).")
  private Optional<String> kind = Optional.empty();

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description =
          "Any cluster; its nodes must be able to pull the images. KUBECONFIG is not looked at,"
              + " since what runs there is broken on purpose.")
  private Optional<Path> kubeconfig = Optional.empty();

  @Option(
      names = "--nodes",
      paramLabel = "N",
      description = "Nodes of a cluster that is made (default: 1; more need the kind command).")
  private Optional<Integer> nodes = Optional.empty();

  /** Throws when options contradict each other. */
  boolean chosen(Optional<String> option, Map<String, String> environment)
      throws BadSettingException {
    String name = option.isPresent() ? "--environment" : VARIABLE;
    String where = option.orElse(environment.getOrDefault(VARIABLE, ""));
    boolean given = kind.isPresent() || kubeconfig.isPresent() || nodes.isPresent();
    switch (where) {
      case KIND -> {
        check();
        return true;
      }
      case "", LOCAL -> {
        if (where.isEmpty() && given) {
          check();
          return true;
        }
        if (given) {
          throw new BadSettingException(
              name, where, "kind, since --cluster, --kubeconfig or --nodes is given");
        }
        return false;
      }
      case IN_CLUSTER -> {
        return false;
      }
      default -> throw new BadSettingException(name, where, "kind or local");
    }
  }

  private void check() throws BadSettingException {
    if (kind.isPresent() && kubeconfig.isPresent()) {
      throw new BadSettingException(
          "--kubeconfig", kubeconfig.get().toString(), "not together with --cluster");
    }
    if (nodes.isPresent()) {
      if (nodes.get() < 1 || nodes.get() > ClusterOptions.NODES_MOST) {
        throw new BadSettingException(
            "--nodes", nodes.get().toString(), "1 to " + ClusterOptions.NODES_MOST);
      }
      if (kind.isPresent() || kubeconfig.isPresent()) {
        throw new BadSettingException(
            "--nodes",
            nodes.get().toString(),
            "not together with --cluster or --kubeconfig, which name a cluster that is there");
      }
    }
  }

  int run(Path home, List<String> scenarios, Optional<Long> seed, Path out, PrintWriter terminal)
      throws IOException {
    Manifests manifests = Manifests.of(home);
    return ClusterE2e.run(
        new ClusterOptions(
            home,
            scenarios,
            seed,
            out,
            kind,
            kubeconfig,
            nodes.orElse(1),
            manifests.version(),
            manifests.install(manifests.defaults(), Part.CRDS),
            manifests.install(manifests.defaults(), Part.WITHOUT_CRDS)),
        config -> {
          try (ApiServer server = ApiServer.of(config)) {
            return new ClusterCheck(server, InstantSource.system(), manifests)
                .passing().stream()
                    .filter(finding -> finding.outcome() == Outcome.FAILED)
                    .map(ClusterChoice::sentence)
                    .toList();
          }
        },
        terminal);
  }

  private static String sentence(Finding finding) {
    return finding.message() + " → " + finding.hint();
  }
}
