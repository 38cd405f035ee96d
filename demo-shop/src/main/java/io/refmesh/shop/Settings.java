package io.refmesh.shop;

import io.refmesh.shop.behave.Behaviour;
import io.refmesh.shop.behave.BehaviourException;
import io.refmesh.shop.behave.BehaviourReader;
import io.refmesh.shop.record.Instance;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The command line and the environment, checked. */
record Settings(
    Role role,
    Instance instance,
    long seed,
    String listenAddress,
    int port,
    int adminPort,
    URI catalog,
    URI cart,
    URI pricing,
    URI ledger,
    boolean greeting,
    Behaviour behaviour,
    Duration drainTimeout) {

  static Settings of(List<String> arguments, Map<String, String> environment) throws BadSetting {
    Role role = role(arguments);
    Reader read = new Reader(environment);
    String name =
        read.matching(
            "NAME", role.word(), "[A-Za-z0-9.-]{1,63}", "1 to 63 letters, digits, - or .");
    long replica = read.number("MESH_REPLICA", 0, 0, 1_000_000);
    return new Settings(
        role,
        new Instance(
            name + "-" + replica,
            role.word(),
            read.matching("VERSION", "v1", "v1|v2", "v1 or v2"),
            read.matching(
                "MESH_ZONE", "-", "[A-Za-z0-9._-]{1,63}", "1 to 63 letters, digits, -, _ or .")),
        read.number("SEED", 1, Long.MIN_VALUE, Long.MAX_VALUE),
        read.matching(
            "MESH_LISTEN_ADDRESS", "127.0.0.1", "[^/\\s]+", "an address such as 127.0.0.1"),
        (int) read.number("PORT", role == Role.LEDGER ? 9090 : 8080, 0, 65535),
        (int) read.number("ADMIN_PORT", 8090, 0, 65535),
        read.url("CATALOG_URL", "http://catalog:8080", "http"),
        read.url("CART_URL", "http://cart:8080", "http"),
        read.url("PRICING_URL", "http://pricing:8080", "http"),
        read.url("LEDGER_URL", "tcp://ledger:9090", "tcp"),
        read.matching("GREETING", "off", "on|off", "on or off").equals("on"),
        read.behaviour("BEHAVIOUR"),
        Duration.ofMillis(read.number("DRAIN_TIMEOUT_MS", 20_000, 0, 600_000)));
  }

  private static Role role(List<String> arguments) throws BadSetting {
    if (arguments.size() == 1) {
      for (Role role : Role.values()) {
        if (role.word().equals(arguments.getFirst())) {
          return role;
        }
      }
    }
    throw new BadSetting(
        "ROLE",
        arguments.isEmpty() ? "missing" : String.join(" ", arguments),
        "one argument, one of " + Role.words());
  }

  /** Reads variables; an empty one counts as not set. */
  private record Reader(Map<String, String> environment) {

    private @Nullable String value(String name) {
      String value = environment.get(name);
      return value == null || value.isEmpty() ? null : value;
    }

    String matching(String name, String otherwise, String pattern, String expected)
        throws BadSetting {
      String value = value(name);
      if (value == null) {
        return otherwise;
      }
      if (!Pattern.matches(pattern, value)) {
        throw new BadSetting(name, value, expected);
      }
      return value;
    }

    long number(String name, long otherwise, long min, long max) throws BadSetting {
      String value = value(name);
      if (value == null) {
        return otherwise;
      }
      try {
        long number = Long.parseLong(value);
        if (number >= min && number <= max) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Told below together with numbers out of range.
      }
      throw new BadSetting(name, value, "a whole number from " + min + " to " + max);
    }

    URI url(String name, String otherwise, String scheme) throws BadSetting {
      String value = value(name);
      String expected = scheme + "://HOST:PORT";
      try {
        URI url = new URI(value == null ? otherwise : value);
        boolean bare =
            Arrays.asList(null, "", "/").contains(url.getPath()) && url.getQuery() == null;
        if (scheme.equals(url.getScheme()) && url.getHost() != null && url.getPort() > 0 && bare) {
          return url;
        }
      } catch (URISyntaxException e) {
        // Told below together with URLs of another form.
      }
      throw new BadSetting(name, String.valueOf(value), expected);
    }

    Behaviour behaviour(String name) throws BadSetting {
      String value = value(name);
      if (value == null) {
        return Behaviour.GOOD;
      }
      try {
        return BehaviourReader.read(value);
      } catch (BehaviourException e) {
        throw new BadSetting(name, value, "a behaviour document; " + e.getMessage());
      }
    }
  }
}
