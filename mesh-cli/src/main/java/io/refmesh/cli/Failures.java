package io.refmesh.cli;

import io.refmesh.cli.install.BadValueException;
import io.refmesh.cli.rotate.Driver;
import io.refmesh.local.BadFolderException;
import io.refmesh.local.NotReadyException;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** The one place where a failed command becomes a message and an exit code. */
final class Failures implements IExecutionExceptionHandler {

  @Override
  public int handleExecutionException(Exception failure, CommandLine line, ParseResult parsed) {
    if (failure instanceof IOException && failure.getMessage() != null) {
      line.getErr().println("mesh: " + failure.getMessage());
      return code(failure);
    }
    if (failure instanceof InterruptedException) {
      line.getErr().println("mesh: interrupted");
      return ExitCode.ABORTED;
    }
    line.getErr()
        .println("mesh: this is a defect of mesh itself; please report it with what follows");
    failure.printStackTrace(line.getErr());
    return ExitCode.FAILED;
  }

  static int code(Exception failure) {
    return switch (failure) {
      case BadFolderException bad -> ExitCode.BAD_INPUT;
      case BadValueException bad -> ExitCode.BAD_INPUT;
      case BadSettingException bad -> ExitCode.BAD_SETTING;
      case NotReadyException notReady -> ExitCode.FAILED;
      case Driver.Stopped stopped -> ExitCode.FAILED;
      default -> ExitCode.ENVIRONMENT;
    };
  }
}
