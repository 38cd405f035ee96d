package io.refmesh.cli;

import io.refmesh.cli.install.BadValueException;
import io.refmesh.control.inject.InjectMarks;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Parameters;

/** Manifests named as arguments, {@code -} being the standard input. */
final class WorkloadFiles {

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "YAML with workloads; - for the standard input.")
  private List<String> files = List.of();

  /** What is done to the text of a file. */
  interface Change {
    InjectMarks.Result of(String text) throws InjectMarks.NotYaml;
  }

  /** Prints every file changed; says on the other stream what that was. */
  void print(Change change, String verb, PrintWriter out, PrintWriter err) throws IOException {
    String before = "";
    for (String file : files) {
      InjectMarks.Result result;
      try {
        result = change.of(text(file));
      } catch (InjectMarks.NotYaml e) {
        throw new BadValueException(file + ": " + e.getMessage());
      }
      if (!before.isEmpty() && !result.text().startsWith("---")) {
        out.print(before.endsWith("\n") ? "---\n" : "\n---\n");
      }
      out.print(result.text());
      before = result.text();
      for (InjectMarks.Outcome outcome : result.outcomes()) {
        if (outcome.changed()) {
          err.println(verb + ": " + outcome.object());
        } else if (!outcome.reason().equals(InjectMarks.NO_WORKLOAD)) {
          err.println("left alone: " + outcome.object() + ": " + outcome.reason());
        }
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
