package io.refmesh.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** {@code mesh}: starts, shows, breaks and stops a mesh. */
@Command(
    name = "mesh",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Runs a service mesh on this machine and shows what it does.",
    subcommands = {
      UpCommand.class,
      DownCommand.class,
      StatusCommand.class,
      TapCommand.class,
      E2eCommand.class,
      RunCommand.class,
      InitCommand.class,
      TrainCommand.class,
      InstallCommand.class,
      UpgradeCommand.class,
      UninstallCommand.class,
      InjectCommand.class,
      UninjectCommand.class,
      CheckCommand.class,
      IdentityCommand.class,
      HelpCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Exit codes: 0 done, 1 an expectation failed, 2 input that cannot be used, 3 aborted,",
      "4 something is missing or in the way, 64 a setting that cannot be used."
    })
public final class MeshMain {

  private MeshMain() {}

  public static void main(String[] arguments) {
    CommandLine line = new CommandLine(new MeshMain());
    line.setExecutionExceptionHandler(new Failures());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    if (arguments.length == 0) {
      line.usage(System.out);
      System.exit(ExitCode.BAD_INPUT);
    }
    System.exit(line.execute(arguments));
  }
}
