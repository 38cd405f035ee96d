package io.refmesh.control.registry;

import java.util.List;

/**
 * What one file holds: the objects that are right, in the order of the file, and what is wrong with
 * the others.
 */
public record ParseResult(List<Resource> resources, List<Problem> problems) {

  public ParseResult {
    resources = List.copyOf(resources);
    problems = List.copyOf(problems);
  }
}
