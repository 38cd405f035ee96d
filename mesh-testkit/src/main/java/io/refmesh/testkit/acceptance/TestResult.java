package io.refmesh.testkit.acceptance;

import java.util.Locale;

/** What one run of one test ended with, for one case: a line of the results file. */
record TestResult(int number, String testClass, String test, Ending ending, String reason) {

  /** In the order in which one outweighs another. */
  enum Ending {
    FAILED,
    PASSED,
    NOT_RUN;

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  String line() {
    String words = reason.lines().findFirst().orElse("").replace('\t', ' ');
    return number + "\t" + testClass + "\t" + test + "\t" + ending + "\t" + words + "\n";
  }

  static TestResult read(String line) {
    String[] fields = line.split("\t", -1);
    if (fields.length != 5) {
      throw new IllegalArgumentException(line + " (expected: five fields)");
    }
    return new TestResult(
        Integer.parseInt(fields[0]), fields[1], fields[2], Ending.valueOf(fields[3]), fields[4]);
  }
}
