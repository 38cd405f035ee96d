package io.refmesh.load.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Locale;

/**
 * Sends HTTP/1.1 GETs to one address at a fixed rate for some seconds and prints one line, {@code
 * requests errors p50 p99}, latencies in milliseconds. Exit status 3 when it cannot run.
 *
 * <p>The seconds before are not counted: a generator whose own compilers are at work takes the
 * processors from what it measures.
 */
public final class RateMain {

  private static final int WARM_UP_SECONDS = 5;

  private RateMain() {}

  /** Arguments: {@code HOST PORT RATE SECONDS}. */
  public static void main(String[] arguments) {
    if (arguments.length != 4) {
      System.err.println(
          "rate: " + arguments.length + " arguments (expected: HOST PORT RATE SECONDS)");
      System.exit(3);
    }
    try {
      InetSocketAddress server =
          new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
      int rate = Integer.parseInt(arguments[2]);
      OpenLoop.run(server, rate, WARM_UP_SECONDS);
      Load load = OpenLoop.run(server, rate, Integer.parseInt(arguments[3]));
      System.out.println(
          String.format(
              Locale.ROOT,
              "%d %d %.3f %.3f",
              load.requests(),
              load.errors(),
              load.more().getOrDefault("p50_ms", Double.NaN),
              load.more().getOrDefault("p99_ms", Double.NaN)));
    } catch (IOException | NumberFormatException e) {
      System.err.println("rate: " + e.getMessage());
      System.exit(3);
    }
  }
}
