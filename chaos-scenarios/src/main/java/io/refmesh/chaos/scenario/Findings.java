package io.refmesh.chaos.scenario;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * The mistakes found in one file, written as compilers do: {@code file:line:column: path: found
 * (expected: …)}.
 */
final class Findings {

  private final String file;
  private final List<Finding> findings = new ArrayList<>();

  private record Finding(int line, int column, String text) {}

  Findings(String file) {
    this.file = file;
  }

  void add(Node at, String path, String message) {
    int line = at.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
    int column = at.getStartMark().map(mark -> mark.getColumn() + 1).orElse(0);
    add(line, column, path, message);
  }

  void add(int line, int column, String path, String message) {
    findings.add(
        new Finding(
            line,
            column,
            file
                + ":"
                + line
                + ":"
                + column
                + ": "
                + (path.isEmpty() ? "" : path + ": ")
                + message));
  }

  /** In the order of the file. */
  List<String> mistakes() {
    return findings.stream()
        .sorted(Comparator.comparingInt(Finding::line).thenComparingInt(Finding::column))
        .map(Finding::text)
        .toList();
  }
}
