package io.refmesh.testkit.acceptance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The cases that the mesh must pass, seen from outside, from {@code cases.txt}: sections begin with
 * {@code #}, cases are {@code number where text}. Numbers are never given twice and never change.
 */
record Cases(List<Section> sections) {

  static final String RESOURCE = "cases.txt";

  record Section(String title, List<Case> cases) {}

  /** {@code text} in a sentence; {@code where} it can be proven. */
  record Case(int number, Where where, String text) {}

  enum Where {
    /** On one machine: a test of this repository. */
    HERE,
    /** Only where pods, nodes or several clusters are. */
    CLUSTER
  }

  static Cases read() {
    try (InputStream in = Cases.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is not beside " + Cases.class);
      }
      return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Cases parse(String text) {
    List<Section> sections = new ArrayList<>();
    List<Case> cases = new ArrayList<>();
    int last = 0;
    for (String line : text.lines().filter(line -> !line.isBlank()).toList()) {
      if (line.startsWith("# ")) {
        cases = new ArrayList<>();
        sections.add(new Section(line.substring(2), cases));
        continue;
      }
      String[] fields = line.split(" ", 3);
      if (fields.length < 3 || sections.isEmpty()) {
        throw new IllegalArgumentException(line + " (expected: number, here or cluster, sentence)");
      }
      int number = Integer.parseInt(fields[0]);
      if (number <= last) {
        throw new IllegalArgumentException(line + " (expected: a number above " + last + ")");
      }
      last = number;
      cases.add(
          new Case(
              number,
              switch (fields[1]) {
                case "here" -> Where.HERE;
                case "cluster" -> Where.CLUSTER;
                default ->
                    throw new IllegalArgumentException(line + " (expected: here or cluster)");
              },
              fields[2]));
    }
    return new Cases(List.copyOf(sections));
  }

  Optional<Case> find(int number) {
    return sections.stream()
        .flatMap(section -> section.cases().stream())
        .filter(found -> found.number() == number)
        .findFirst();
  }
}
