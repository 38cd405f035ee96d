package io.refmesh.cli;

import io.refmesh.cli.check.ApiServer;
import io.refmesh.cli.rotate.Driver;
import io.refmesh.cli.rotate.Rotation;
import io.refmesh.cli.rotate.Seen;
import io.refmesh.cli.rotate.Step;
import io.refmesh.cli.rotate.Step.Blocker;
import io.refmesh.model.identity.RootName;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code mesh identity status}: which roots are trusted, and by whom. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Shows the roots, under which of them certificates stand, and a rotation.")
final class IdentityStatusCommand implements Callable<Integer> {

  @Mixin private final IdentityCommand.Context context = new IdentityCommand.Context();

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
    Seen seen;
    try (ApiServer server = ApiServer.of(context.name)) {
      seen = Driver.look(server, InstantSource.system());
    }
    PrintWriter out = spec.commandLine().getOut();
    switch (format) {
      case JSON -> {
        out.println(json(seen));
        out.flush();
      }
      case TABLE -> print(seen, out);
    }
    return ExitCode.PASSED;
  }

  static void print(Seen seen, PrintWriter out) {
    out.println("rotation   " + IdentityCommand.meaning(Rotation.phase(seen)));
    for (RootName root : sorted(seen.roots())) {
      out.println(
          "root       "
              + root
              + (root.equals(seen.issuerRoot()) ? "  signs" : "")
              + "  certificates "
              + certificates(seen, root));
    }
    out.println(
        "sidecars   "
            + seen.workloads().stream().filter(one -> !one.holdings().isEmpty()).count()
            + " of "
            + seen.workloads().size()
            + " tell what they hold");
    blockers(seen).forEach(blocker -> out.println("waits      " + blocker));
    out.flush();
  }

  /** Roots by their full names. */
  static String json(Seen seen) {
    ObjectNode all = JsonMapper.shared().createObjectNode();
    all.put("phase", Rotation.phase(seen).name());
    ArrayNode roots = all.putArray("roots");
    for (RootName root : sorted(seen.roots())) {
      roots
          .addObject()
          .put("root", root.hex())
          .put("signs", root.equals(seen.issuerRoot()))
          .put("certificates", certificates(seen, root));
    }
    ArrayNode replicas = all.putArray("replicas");
    for (Seen.Replica replica : seen.replicas()) {
      ObjectNode one = replicas.addObject().put("name", replica.name());
      if (replica.unheard().isEmpty()) {
        one.put("leafRoot", replica.leafRoot().hex());
        names(one.putArray("own"), replica.own());
        names(one.putArray("roots"), replica.roots());
      } else {
        one.put("unheard", replica.unheard());
      }
    }
    ArrayNode workloads = all.putArray("workloads");
    for (Seen.Workload workload : seen.workloads()) {
      ObjectNode one = workloads.addObject().put("name", workload.name());
      workload.bootstrap().ifPresent(trusted -> names(one.putArray("startsWith"), trusted));
      ArrayNode holdings = one.putArray("holdings");
      for (Seen.Holding holding : workload.holdings()) {
        ObjectNode held =
            holdings
                .addObject()
                .put("leafRoot", holding.leafRoot().hex())
                .put("leafNotAfter", holding.leafNotAfter().toString());
        names(held.putArray("roots"), holding.roots());
      }
    }
    ArrayNode waits = all.putArray("waitsFor");
    for (Blocker blocker : blockers(seen)) {
      waits.addObject().put("who", blocker.who()).put("why", blocker.why());
    }
    return all.toPrettyString();
  }

  private static List<Blocker> blockers(Seen seen) {
    return Rotation.next(seen, false) instanceof Step.Wait(List<Blocker> blockers)
        ? blockers
        : List.of();
  }

  private static long certificates(Seen seen, RootName root) {
    return seen.workloads().stream()
        .flatMap(workload -> workload.holdings().stream())
        .filter(holding -> holding.leafRoot().equals(root))
        .count();
  }

  private static void names(ArrayNode to, Set<RootName> roots) {
    sorted(roots).forEach(root -> to.add(root.hex()));
  }

  private static List<RootName> sorted(Set<RootName> roots) {
    return roots.stream().sorted(Comparator.comparing(RootName::hex)).toList();
  }
}
