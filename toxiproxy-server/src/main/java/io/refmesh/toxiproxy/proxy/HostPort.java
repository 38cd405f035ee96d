package io.refmesh.toxiproxy.proxy;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * An address as Go's net package reads it, {@code host:port} with an empty host for "any" and an
 * empty port for 0, and with Go's words when it does not. An empty text is any host and port 0.
 */
record HostPort(String host, int port) {

  static HostPort parse(String text) throws Refusal {
    if (text.isEmpty()) {
      return new HostPort("", 0);
    }
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw bad(text, "missing port in address");
    }
    String host;
    int afterOpening = 0;
    int afterClosing = 0;
    if (text.startsWith("[")) {
      int closing = text.indexOf(']');
      if (closing < 0) {
        throw bad(text, "missing ']' in address");
      }
      if (closing + 1 != colon) {
        boolean moreColons = closing + 1 < text.length() && text.charAt(closing + 1) == ':';
        throw bad(text, moreColons ? "too many colons in address" : "missing port in address");
      }
      host = text.substring(1, closing);
      afterOpening = 1;
      afterClosing = closing + 1;
    } else {
      host = text.substring(0, colon);
      if (host.indexOf(':') >= 0) {
        throw bad(text, "too many colons in address");
      }
    }
    if (text.indexOf('[', afterOpening) >= 0) {
      throw bad(text, "unexpected '[' in address");
    }
    if (text.indexOf(']', afterClosing) >= 0) {
      throw bad(text, "unexpected ']' in address");
    }
    return new HostPort(host, parsePort(text.substring(colon + 1)));
  }

  private static Refusal bad(String text, String why) {
    return Refusal.badAddress("address " + text + ": " + why);
  }

  private static int parsePort(String text) throws Refusal {
    if (text.isEmpty()) {
      return 0;
    }
    String digits = text.startsWith("+") || text.startsWith("-") ? text.substring(1) : text;
    if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw Refusal.badAddress("lookup tcp/" + text + ": unknown port");
    }
    long value = digits.length() > 9 ? Integer.MAX_VALUE : Long.parseLong(digits);
    if (value > 65_535 || (text.startsWith("-") && value > 0)) {
      throw Refusal.badAddress("address " + text + ": invalid port");
    }
    return (int) value;
  }

  boolean any() {
    return host.isEmpty();
  }

  /** Whether the host is an address rather than a name, so that nothing needs to be looked up. */
  boolean isLiteral() {
    return NetUtil.createByteArrayFromIpAddressString(host) != null;
  }

  /** The addresses of the host, IPv4 before IPv6; looks names up, and blocks while it does. */
  List<InetSocketAddress> resolve() throws Refusal {
    byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
    boolean numbersOnly =
        !host.isEmpty() && host.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
    try {
      if (literal != null) {
        return List.of(new InetSocketAddress(InetAddress.getByAddress(literal), port));
      }
      if (host.isEmpty() || numbersOnly) {
        // The JDK would read "1.2.3" as 1.2.0.3, Go does not.
        throw new UnknownHostException(host);
      }
      List<InetSocketAddress> addresses = new ArrayList<>();
      Arrays.stream(InetAddress.getAllByName(host))
          .sorted(Comparator.comparingInt(address -> address.getAddress().length))
          .forEach(address -> addresses.add(new InetSocketAddress(address, port)));
      return addresses;
    } catch (UnknownHostException e) {
      throw Refusal.badAddress("lookup " + host + ": no such host");
    }
  }

  /**
   * The address with its host resolved, as {@code 127.0.0.1:80}, {@code [::1]:80}, or {@code :80}
   * for any.
   */
  String resolvedText() throws Refusal {
    return any() ? ":" + port : text(resolve().getFirst());
  }

  static String text(InetSocketAddress address) {
    return NetUtil.toSocketAddressString(address);
  }
}
