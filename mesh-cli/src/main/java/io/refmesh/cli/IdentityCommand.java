package io.refmesh.cli;

import io.refmesh.cli.rotate.Rotation;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mesh identity}: whom the mesh of a cluster trusts, and how that is changed. */
@Command(
    name = "identity",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Shows and changes the root under which the workloads of a cluster stand.",
    subcommands = {RotateRootCommand.class, IdentityStatusCommand.class},
    synopsisSubcommandLabel = "COMMAND")
final class IdentityCommand {

  /** Which cluster. */
  static final class Context {
    @Option(
        names = "--context",
        paramLabel = "NAME",
        description = "Context of the kubeconfig (default: its current one).")
    Optional<String> name = Optional.empty();
  }

  static String meaning(Rotation.Phase phase) {
    return phase.name().toLowerCase(Locale.ROOT)
        + ": "
        + switch (phase) {
          case NONE -> "no rotation is under way";
          case PREPARED -> "a new root is made, nobody trusts it yet";
          case DISTRIBUTING -> "both roots are handed out, the old one signs";
          case SWITCHED -> "the new root signs, certificates under the old one are replaced";
          case DROPPING -> "the old root is taken back";
        };
  }
}
