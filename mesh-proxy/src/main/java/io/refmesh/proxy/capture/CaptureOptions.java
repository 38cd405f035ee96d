package io.refmesh.proxy.capture;

import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of the init program.
 *
 * @param backend a tool's name, or {@code auto}
 */
record CaptureOptions(
    String backend, Family ipv6, Action action, boolean check, CaptureRules rules) {

  static final String USAGE =
      """
      Usage: mesh init [options]
      Writes the rules that lead TCP connections through the sidecar, then proves that they work. Again: no change.

        --backend NAME              auto, nft, iptables-nft or iptables-legacy (default: auto)
        --proxy-uid UID             user of the sidecar, whose connections go out as they are (default: 2102)
        --inbound-port PORT         where the sidecar takes calls (default: 4143)
        --outbound-port PORT        where the sidecar takes what the application calls (default: 4140)
        --skip-inbound-ports LIST   ports past the sidecar, such as 25,8000-8010; 4190 and 4191 always are
        --skip-outbound-ports LIST  ports that are called past the sidecar
        --ipv6, --no-ipv6           with or without IPv6 (default: with, when this machine has it)
        --no-check                  do not open a connection through the rules afterwards
        --check                     write nothing, only open a connection through the rules
        --print                     write nothing, only print the rules
        --remove                    take the rules away

      Exit codes: 0 done, 1 the rules could not be written, 64 bad arguments, 95 connections are not captured.
      """;

  /** Whether IPv6 is captured. */
  enum Family {
    WHEN_THERE,
    YES,
    NO
  }

  /** What is to be done. */
  enum Action {
    WRITE,
    CHECK,
    PRINT,
    REMOVE,
    HELP
  }

  /**
   * @throws IllegalArgumentException naming option, value and what was expected
   */
  static CaptureOptions of(String... arguments) {
    String backend = "auto";
    Family ipv6 = Family.WHEN_THERE;
    Action action = Action.WRITE;
    boolean check = true;
    int proxyUid = 2102;
    int inboundPort = 4143;
    int outboundPort = 4140;
    List<PortRange> skipInbound = new ArrayList<>();
    List<PortRange> skipOutbound = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      String option = arguments[i];
      int equals = option.startsWith("--") ? option.indexOf('=') : -1;
      String name = equals < 0 ? option : option.substring(0, equals);
      String given = equals < 0 ? null : option.substring(equals + 1);
      switch (name) {
        case "--ipv6" -> ipv6 = Family.YES;
        case "--no-ipv6" -> ipv6 = Family.NO;
        case "--no-check" -> check = false;
        case "--check" -> action = Action.CHECK;
        case "--print" -> action = Action.PRINT;
        case "--remove" -> action = Action.REMOVE;
        case "-h", "--help" -> action = Action.HELP;
        case "--backend",
            "--proxy-uid",
            "--inbound-port",
            "--outbound-port",
            "--skip-inbound-ports",
            "--skip-outbound-ports" -> {
          String value;
          if (given != null) {
            value = given;
          } else if (++i < arguments.length) {
            value = arguments[i];
          } else {
            throw new IllegalArgumentException(name + ": no value (expected: one)");
          }
          switch (name) {
            case "--backend" -> backend = backend(value);
            case "--proxy-uid" ->
                proxyUid = number(name, value, "a user id other than 0", 65_535_000);
            case "--inbound-port" -> inboundPort = number(name, value, "1 to 65535", 65_535);
            case "--outbound-port" -> outboundPort = number(name, value, "1 to 65535", 65_535);
            case "--skip-inbound-ports" -> skipInbound.addAll(ports(name, value));
            default -> skipOutbound.addAll(ports(name, value));
          }
        }
        default ->
            throw new IllegalArgumentException(
                option + ": unknown (expected: an option that `mesh init --help` lists)");
      }
    }
    if (inboundPort == outboundPort) {
      throw new IllegalArgumentException(
          "--outbound-port: " + outboundPort + " (expected: another one than --inbound-port)");
    }
    return new CaptureOptions(
        backend,
        ipv6,
        action,
        check,
        new CaptureRules(
            proxyUid,
            inboundPort,
            outboundPort,
            PortRange.merged(skipInbound, 0),
            PortRange.merged(skipOutbound, 0),
            ipv6 != Family.NO));
  }

  /** The same, with IPv6 or without. */
  CaptureRules rules(boolean withIpv6) {
    return new CaptureRules(
        rules.proxyUid(),
        rules.inboundPort(),
        rules.outboundPort(),
        rules.skipInbound(),
        rules.skipOutbound(),
        withIpv6);
  }

  private static String backend(String value) {
    if (!List.of("auto", "nft", "iptables-nft", "iptables-legacy").contains(value)) {
      throw new IllegalArgumentException(
          "--backend: " + value + " (expected: auto, nft, iptables-nft or iptables-legacy)");
    }
    return value;
  }

  private static int number(String name, String value, String expected, int most) {
    try {
      int number = Integer.parseInt(value);
      if (number >= 1 && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Refused below.
    }
    throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
  }

  private static List<PortRange> ports(String name, String value) {
    try {
      return PortRange.parseList(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }
}
