package io.refmesh.load.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Locale;

/**
 * Sends HTTP/1.1 GETs to one address at a fixed rate for some seconds and prints one line, {@code
 * requests errors p50 p99}, latencies in milliseconds. Exit status 3 when it cannot run.
 */
public final class RateMain {

  private RateMain() {}

  /** Arguments: {@code HOST PORT RATE SECONDS}. */
  public static void main(String[] arguments) {
    if (arguments.length != 4) {
      System.err.println(
          "rate: " + arguments.length + " arguments (expected: HOST PORT RATE SECONDS)");
      System.exit(3);
    }
    try {
      Load load =
          OpenLoop.run(
              new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1])),
              Integer.parseInt(arguments[2]),
              Integer.parseInt(arguments[3]));
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
