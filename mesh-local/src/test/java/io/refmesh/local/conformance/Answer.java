package io.refmesh.local.conformance;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What came back to the caller.
 *
 * @param headers by name in lower case, values of one name joined by commas
 * @param body what {@link Echo} saw, or the mesh's own words
 */
record Answer(int status, Map<String, String> headers, String body) {

  /** Who answered; empty when it was the mesh itself. */
  String backend() {
    return field("backend");
  }

  String namespace() {
    return field("namespace");
  }

  /** Path and query as the backend saw them. */
  String seenPath() {
    return field("path");
  }

  /** As the backend saw them. */
  Map<String, String> seenHeaders() {
    return joined(
        body.lines()
            .filter(line -> line.startsWith("header="))
            .map(line -> line.substring("header=".length()))
            .toList());
  }

  /**
   * @param lines {@code Name: value}
   */
  static Map<String, String> joined(List<String> lines) {
    return lines.stream()
        .collect(
            Collectors.toMap(
                line -> line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT),
                line -> line.substring(line.indexOf(':') + 1).strip(),
                (before, next) -> before + "," + next,
                TreeMap::new));
  }

  private String field(String name) {
    return body.lines()
        .filter(line -> line.startsWith(name + "="))
        .map(line -> line.substring(name.length() + 1))
        .findFirst()
        .orElse("");
  }
}
