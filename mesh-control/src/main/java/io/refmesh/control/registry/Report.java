package io.refmesh.control.registry;

import java.util.ArrayList;
import java.util.List;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * The problems of one document while it is read, and the mappings whose leftovers are still to be
 * reported.
 */
final class Report {

  private final String file;
  private final List<Problem> problems = new ArrayList<>();
  private final List<Fields> opened = new ArrayList<>();
  private String object;

  /**
   * @param file empty for an object of an API server: its text was written by nobody, so places in
   *     it help nobody
   */
  Report(String file) {
    this.file = file;
    this.object = file;
  }

  boolean ofFile() {
    return !file.isEmpty();
  }

  /** From here on problems name this object. */
  void object(String object) {
    this.object = object;
  }

  void add(Node at, String field, String message) {
    if (problems.stream().anyMatch(problem -> problem.field().equals(field))) {
      // What follows from the first mistake in a field only distracts from it.
      return;
    }
    Mark mark = file.isEmpty() ? null : at.getStartMark().orElse(null);
    problems.add(
        new Problem(
            file,
            mark == null ? 0 : mark.getLine() + 1,
            mark == null ? 0 : mark.getColumn() + 1,
            object,
            field,
            message));
  }

  void opened(Fields fields) {
    opened.add(fields);
  }

  boolean clean() {
    return problems.isEmpty();
  }

  /** All problems, those of fields that nobody asked for included. */
  List<Problem> finish() {
    opened.forEach(Fields::reportUnknown);
    opened.clear();
    problems.sort(null);
    return problems;
  }
}
