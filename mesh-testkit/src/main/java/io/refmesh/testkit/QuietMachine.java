package io.refmesh.testkit;

import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;

/**
 * Whether this machine has time left. What is promised in seconds is promised for a machine that
 * can do its work; on one that has several times more to do than it can, a test of such a promise
 * tells nothing and says that it was not run.
 */
public final class QuietMachine {

  /**
   * Runnable threads for each CPU over the last minute, unless this property says another number; a
   * build and its tests are below.
   */
  private static final double LOAD_PER_CPU_MOST =
      Double.parseDouble(System.getProperty("quiet.load", "2"));

  private QuietMachine() {}

  /** Why not: load and what was expected; empty when it is quiet, or cannot say. */
  public static Optional<String> busy() {
    return busy(
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
        Runtime.getRuntime().availableProcessors());
  }

  static Optional<String> busy(double load, int processors) {
    double most = LOAD_PER_CPU_MOST * processors;
    return load <= most
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "the machine is busy: load %.1f on %d CPUs (expected: at most %.0f)",
                load,
                processors,
                most));
  }
}
