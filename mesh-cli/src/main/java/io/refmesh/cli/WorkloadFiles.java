package io.refmesh.cli;

import io.refmesh.cli.install.BadValueException;
import io.refmesh.cli.install.Workloads;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Parameters;

/** Manifests named as arguments, {@code -} being the standard input. */
final class WorkloadFiles {

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "YAML with workloads; - for the standard input.")
  private List<String> files = List.of();

  /** Prints every file changed; says on the other stream what that was. */
  void print(UnaryOperator<Workloads> change, String verb, PrintWriter out, PrintWriter err)
      throws IOException {
    for (String file : files) {
      Workloads changed = change.apply(Workloads.read(file, text(file)));
      out.print(changed.text());
      for (String object : changed.changed()) {
        err.println(verb + ": " + object);
      }
    }
    out.flush();
    err.flush();
  }

  private static String text(String file) throws IOException {
    if (file.equals("-")) {
      return new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    }
    if (!Files.isRegularFile(Path.of(file))) {
      throw new BadValueException(file + " is not a file (expected: YAML with workloads)");
    }
    return Files.readString(Path.of(file));
  }
}
