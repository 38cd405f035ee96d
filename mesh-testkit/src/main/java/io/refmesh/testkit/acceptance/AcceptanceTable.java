package io.refmesh.testkit.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The page docs/reference/acceptance.md: case, what it asks for, tests, last result. Run as {@code
 * AcceptanceTable RESULTS PAGE}.
 */
public final class AcceptanceTable {

  private final Cases cases;
  private final Map<Integer, List<TestResult>> byCase = new TreeMap<>();

  AcceptanceTable(Cases cases, List<TestResult> results) {
    this.cases = cases;
    for (TestResult result : results) {
      byCase.computeIfAbsent(result.number(), number -> new ArrayList<>()).add(result);
    }
  }

  /** Writes the page from a results file. */
  public static void main(String[] args) throws IOException {
    if (args.length != 2) {
      throw new IllegalArgumentException(
          String.join(" ", args) + " (expected: a results file and the page to write)");
    }
    List<TestResult> results =
        Files.readAllLines(Path.of(args[0])).stream().map(TestResult::read).toList();
    Files.writeString(Path.of(args[1]), new AcceptanceTable(Cases.read(), results).page());
  }

  String page() {
    StringBuilder sections = new StringBuilder();
    int here = 0;
    int cluster = 0;
    int proven = 0;
    for (Cases.Section section : cases.sections()) {
      sections.append("\n## ").append(section.title()).append("\n\n");
      sections.append("| case | what | test | last result |\n|---|---|---|---|\n");
      for (Cases.Case one : section.cases()) {
        List<TestResult> tests = tests(one.number());
        boolean needsCluster = one.where() == Cases.Where.CLUSTER && tests.isEmpty();
        here += needsCluster ? 0 : 1;
        cluster += needsCluster ? 1 : 0;
        String result = result(tests, needsCluster);
        proven += result.equals(TestResult.Ending.PASSED.text()) ? 1 : 0;
        sections
            .append("| ")
            .append(one.number())
            .append(" | ")
            .append(one.text())
            .append(" | ")
            .append(String.join("<br>", tests.stream().map(AcceptanceTable::name).toList()))
            .append(" | ")
            .append(result)
            .append(" |\n");
      }
    }
    return "# Acceptance\n\n"
        + "What the mesh must do, seen from outside its processes, and the tests that prove it. `make acceptance` runs them and writes this page.\n\n"
        + here
        + " cases can be proven on one machine, "
        + proven
        + " of them are; "
        + cluster
        + " more need a cluster.\n"
        + sections;
  }

  /** One result a test: with several runs (seeds, parameters) the worst. */
  private List<TestResult> tests(int number) {
    Map<String, TestResult> worst = new LinkedHashMap<>();
    for (TestResult result : byCase.getOrDefault(number, List.of())) {
      worst.merge(name(result), result, (a, b) -> a.ending().compareTo(b.ending()) <= 0 ? a : b);
    }
    return worst.values().stream().sorted(Comparator.comparing(AcceptanceTable::name)).toList();
  }

  private static String name(TestResult result) {
    return "`" + result.testClass() + "." + result.test() + "`";
  }

  private static String result(List<TestResult> tests, boolean needsCluster) {
    if (tests.isEmpty()) {
      return needsCluster ? "needs a cluster" : "not proven yet";
    }
    TestResult worst = tests.stream().min(Comparator.comparing(TestResult::ending)).orElseThrow();
    return switch (worst.ending()) {
      case FAILED, PASSED -> worst.ending().text();
      case NOT_RUN -> "not run: " + (worst.reason().isEmpty() ? "no reason given" : worst.reason());
    };
  }
}
