package io.refmesh.cli;

import io.refmesh.cli.install.Manifests;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** {@code --crds} and {@code --without-crds}: which part of the manifests. */
final class PartOption {

  @ArgGroup private Choice choice = new Choice();

  private static final class Choice {
    @Option(names = "--crds", description = "Only the custom resource definitions.")
    private boolean crds;

    @Option(names = "--without-crds", description = "All but the custom resource definitions.")
    private boolean withoutCrds;
  }

  Manifests.Part part() {
    if (choice.crds) {
      return Manifests.Part.CRDS;
    }
    return choice.withoutCrds ? Manifests.Part.WITHOUT_CRDS : Manifests.Part.ALL;
  }
}
