package io.refmesh.cli;

import io.refmesh.local.MeshRun;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mesh run}: a command as a workload of a mesh that runs; ends with the command's code. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Runs a command with a sidecar and an identity of its own in a mesh that runs.")
final class RunCommand implements Callable<Integer> {

  @Option(
      names = "--as",
      required = true,
      paramLabel = "SERVICEACCOUNT",
      description = "The service account whose identity the command has.")
  @SuppressWarnings("NullAway.Init")
  private String serviceAccount;

  @Option(
      names = "--namespace",
      paramLabel = "NS",
      description = "Namespace of the service account (default: ${DEFAULT-VALUE}).",
      defaultValue = "default")
  @SuppressWarnings("NullAway.Init")
  private String namespace;

  @Mixin private final StateOption state = new StateOption();

  @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "The command, after --.")
  @SuppressWarnings("NullAway.Init")
  private List<String> command;

  @Override
  public Integer call() throws IOException, InterruptedException {
    try (MeshRun run =
        MeshRun.start(
            state.directory(),
            RefmeshHome.current(),
            namespace,
            serviceAccount,
            RunCommand::closeAtExit)) {
      return run.run(command);
    }
  }

  /** Ctrl-C and SIGTERM end the command and its sidecar; a run that is over is closed already. */
  private static void closeAtExit(MeshRun run) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(run), "end command and sidecar"));
  }

  private static void close(MeshRun run) {
    try {
      run.close();
    } catch (IOException e) {
      System.err.println("mesh: " + e.getMessage());
    }
  }
}
