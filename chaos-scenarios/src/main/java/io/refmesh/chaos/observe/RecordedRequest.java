package io.refmesh.chaos.observe;

/**
 * One line of {@code requests.tsv} (README of load-tests).
 *
 * @param number the count inside its stream, from 0: the end of the request id
 */
record RecordedRequest(
    String stream,
    long number,
    String id,
    long intendedMicros,
    long endMicros,
    String outcome,
    int status,
    String instance,
    String meshError,
    String error) {

  private static final int COLUMNS = 14;

  static RecordedRequest parse(String line) {
    String[] columns = line.split("\t", -1);
    if (columns.length != COLUMNS) {
      throw new IllegalArgumentException(
          "a line of " + columns.length + " columns (expected: " + COLUMNS + "): " + line);
    }
    int dash = columns[1].lastIndexOf('-');
    return new RecordedRequest(
        columns[0],
        Long.parseLong(columns[1].substring(dash + 1)),
        columns[1],
        Long.parseLong(columns[2]),
        Long.parseLong(columns[4]),
        columns[5],
        Integer.parseInt(columns[6]),
        columns[7],
        columns[11],
        columns[13]);
  }

  boolean ok() {
    return outcome.equals("ok");
  }

  /** Whether the answer ended as if it were whole, whatever it said. */
  boolean complete() {
    return outcome.equals("ok") || outcome.equals("http") || cleanShort();
  }

  /**
   * An end without any sign that something is missing, and yet something is: the worst kind of cut.
   */
  boolean cleanShort() {
    return outcome.equals("truncated")
        && error.startsWith("body of ")
        && !error.contains("content-length");
  }

  /** From when it should have started, so that a stall of the generator shows. */
  double latencyMillis() {
    return (endMicros - intendedMicros) / 1_000.0;
  }
}
