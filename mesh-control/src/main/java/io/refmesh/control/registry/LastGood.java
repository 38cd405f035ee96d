package io.refmesh.control.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;

/**
 * Remembers for each file, or object of an API server, the last version that was right, so that a
 * broken one changes nothing: a file is taken whole or not at all, except for a file that was never
 * right, whose right objects are taken. One thread.
 */
public final class LastGood {

  private record Read(String text, List<Resource> inForce, List<Problem> problems) {}

  private final BiFunction<String, String, ParseResult> parser;
  private final Map<String, Read> files = new TreeMap<>();

  /**
   * @param parser reads the text of a file by its name
   */
  public LastGood(BiFunction<String, String, ParseResult> parser) {
    this.parser = parser;
  }

  /**
   * Takes what the folder holds now.
   *
   * @param texts by file name
   * @param unreadable files that are there but cannot be read, with the reason; their last good
   *     version stays
   */
  public Contents update(Map<String, String> texts, Map<String, Problem> unreadable) {
    files.keySet().removeIf(file -> !texts.containsKey(file) && !unreadable.containsKey(file));
    texts.forEach((file, text) -> {
      Read before = files.get(file);
      if (before == null || !before.text.equals(text)) {
        ParseResult result = parser.apply(file, text);
        // A file that was never right has no last good version: what is right in it is taken.
        List<Resource> inForce =
            !result.problems().isEmpty() && before != null && !before.inForce.isEmpty()
                ? before.inForce
                : result.resources();
        files.put(file, new Read(text, inForce, result.problems()));
      }
    });
    return contents(unreadable);
  }

  private Contents contents(Map<String, Problem> unreadable) {
    List<Problem> problems = new ArrayList<>(unreadable.values());
    Map<String, Resource> first = new HashMap<>();
    List<Resource> resources = new ArrayList<>();
    for (Read read : files.values()) {
      problems.addAll(read.problems);
      for (Resource resource : read.inForce) {
        Resource older = first.putIfAbsent(resource.object(), resource);
        if (older == null) {
          resources.add(resource);
        } else {
          problems.add(
              resource.problem(
                  "metadata.name",
                  "is also in "
                      + older.origin().file()
                      + " line "
                      + older.origin().line()
                      + ", which holds (expected: each object once; remove one)"));
        }
      }
    }
    resources.sort(Resource.BY_AGE);
    problems.sort(null);
    return new Contents(resources, problems);
  }
}
