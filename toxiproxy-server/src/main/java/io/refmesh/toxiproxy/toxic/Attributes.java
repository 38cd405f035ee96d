package io.refmesh.toxiproxy.toxic;

/**
 * The settings of one toxic. A constructor refuses values that would crash or wedge the server with
 * an {@link IllegalArgumentException} that says what was found and what was expected.
 */
public sealed interface Attributes {

  /** Passes everything. */
  record Noop() implements Attributes {}

  /** Each chunk leaves at its receive time + latency ± jitter. */
  record Latency(long latencyMillis, long jitterMillis) implements Attributes {
    public Latency {
      // The original doubles the jitter and draws below that.
      check(
          jitterMillis <= Long.MAX_VALUE / 2,
          "latency",
          "jitter",
          jitterMillis,
          "at most 4611686018427387903");
    }
  }

  /** At most this many thousand bytes per second; 0 stalls. */
  record Bandwidth(long kilobytesPerSecond) implements Attributes {
    public Bandwidth {
      check(kilobytesPerSecond >= 0, "bandwidth", "rate", kilobytesPerSecond, "0 or more");
    }
  }

  /** Holds back the close of the destination. */
  record SlowClose(long delayMillis) implements Attributes {}

  /** Swallows everything, and closes after so long without data; 0 or less never closes. */
  record Timeout(long timeoutMillis) implements Attributes {}

  /** Closes, so long after the first data. */
  record ResetPeer(long timeoutMillis) implements Attributes {}

  /** Cuts chunks into pieces of average ± variation bytes, with a pause after each. */
  record Slicer(long averageSizeBytes, long sizeVariationBytes, long delayMicros)
      implements Attributes {
    public Slicer {
      check(averageSizeBytes >= 1, "slicer", "average_size", averageSizeBytes, "1 or more");
      check(
          sizeVariationBytes >= 0 && sizeVariationBytes < averageSizeBytes,
          "slicer",
          "size_variation",
          sizeVariationBytes,
          "0 or more and less than average_size, which is " + averageSizeBytes);
    }
  }

  /** Passes so many bytes of each connection, then closes. */
  record LimitData(long bytes) implements Attributes {}

  private static void check(
      boolean holds, String type, String attribute, long found, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "invalid attributes: "
              + type
              + " "
              + attribute
              + " is "
              + found
              + ", expected "
              + expected);
    }
  }
}
