package io.refmesh.toxiproxy;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The command line, read as Go's flag package does: one or two dashes, the value after a space or
 * an equals sign.
 */
record Flags(
    String host,
    int port,
    Optional<Path> config,
    OptionalLong seed,
    boolean version,
    boolean help) {
  static final String USAGE =
      """
      Usage: java -jar toxiproxy-server.jar [flags]
        -host HOST     address of the HTTP API (default localhost)
        -port PORT     port of the HTTP API, 0 for a free one (default 8474)
        -config FILE   JSON list of proxies to make at the start
        -seed NUMBER   seed of everything random (default: a fresh one, which is printed)
        -version       print the version
      """;

  /**
   * @throws IllegalArgumentException with what was found and what was expected
   */
  static Flags parse(List<String> arguments) {
    String host = "localhost";
    int port = 8474;
    Optional<Path> config = Optional.empty();
    OptionalLong seed = OptionalLong.empty();
    boolean version = false;
    boolean help = false;
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String argument = rest.next();
      if (!argument.startsWith("-")) {
        throw new IllegalArgumentException(
            "unexpected argument: " + argument + " (expected: a flag, see -help)");
      }
      String flag = argument.substring(argument.startsWith("--") ? 2 : 1);
      int equals = flag.indexOf('=');
      String name = equals < 0 ? flag : flag.substring(0, equals);
      switch (name) {
        case "host" -> host = value(name, flag, equals, rest);
        case "port" -> port = (int) number(name, value(name, flag, equals, rest), 0, 65_535);
        case "config" -> config = Optional.of(Path.of(value(name, flag, equals, rest)));
        case "seed" ->
            seed =
                OptionalLong.of(
                    number(name, value(name, flag, equals, rest), Long.MIN_VALUE, Long.MAX_VALUE));
        case "version" -> version = true;
        case "help", "h" -> help = true;
        default ->
            throw new IllegalArgumentException("unknown flag: -" + name + " (expected: see -help)");
      }
    }
    return new Flags(host, port, config, seed, version, help);
  }

  private static String value(String name, String flag, int equals, Iterator<String> rest) {
    if (equals >= 0) {
      return flag.substring(equals + 1);
    }
    if (!rest.hasNext()) {
      throw new IllegalArgumentException(
          "flag -" + name + " has no value (expected: -" + name + " VALUE)");
    }
    return rest.next();
  }

  private static long number(String name, String text, long least, long most) {
    try {
      long value = Long.parseLong(text);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Refused below, with the numbers that out of range values are refused with.
    }
    throw new IllegalArgumentException(
        "flag -" + name + ": " + text + " (expected: a number from " + least + " to " + most + ")");
  }
}
