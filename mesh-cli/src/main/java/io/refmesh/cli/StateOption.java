package io.refmesh.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** {@code --state DIR}, the same for every command that has to do with a running mesh. */
final class StateOption {

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description = "Folder for keys, logs and process handles (default: ${DEFAULT-VALUE}).",
      defaultValue = ".refmesh")
  @SuppressWarnings("NullAway.Init")
  private Path state;

  Path directory() {
    return state.toAbsolutePath().normalize();
  }
}
