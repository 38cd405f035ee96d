package io.refmesh.proxy.policy;

import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Egress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Says which places outside the mesh may be called. Pure and immutable; one for each version of the
 * configuration. A name is what the caller says it is (the Host of a request, the server name of a
 * ClientHello): a rule that must hold against the caller itself names networks, too.
 */
public final class EgressRules {

  private record Entry(
      String name, List<String> hosts, List<Integer> ports, List<CompiledNetwork> networks) {

    static Entry of(Egress.Entry entry) {
      return new Entry(
          entry.name(),
          entry.hosts(),
          entry.ports(),
          entry.networks().stream().map(CompiledNetwork::of).toList());
    }

    /** What cannot be decided is not allowed. */
    boolean reaches(HostPort address) {
      if (!ports.isEmpty() && !ports.contains(address.port())) {
        return false;
      }
      InetSocketAddress there = unresolved(address);
      return networks.isEmpty()
          || networks.stream().anyMatch(network -> network.contains(there) == Match.YES);
    }

    boolean names(String host) {
      return hosts.isEmpty() || hosts.stream().anyMatch(pattern -> covers(pattern, host));
    }

    private static boolean covers(String pattern, String host) {
      return pattern.startsWith("*.")
          ? host.length() > pattern.length() - 1 && host.endsWith(pattern.substring(1))
          : host.equals(pattern);
    }
  }

  private final Egress egress;
  private final List<Entry> entries;

  public EgressRules(Egress egress) {
    this.egress = egress;
    entries = egress.entries().stream().map(Entry::of).toList();
  }

  /** What these rules were made of. */
  public Egress egress() {
    return egress;
  }

  /** Whether the address may be called whatever is spoken there; empty when that matters. */
  public Optional<Decision.Allowed> anyway(HostPort address) {
    if (egress.allowed()) {
      return Optional.of(new Decision.Allowed(egress.policy()));
    }
    return entries.stream()
        .filter(entry -> entry.hosts().isEmpty() && entry.reaches(address))
        .findFirst()
        .map(entry -> new Decision.Allowed(entry.name()));
  }

  /**
   * @param name that the caller gives the place, with or without a port; empty when it gives none
   */
  public Decision decide(String name, HostPort address) {
    Optional<Decision.Allowed> anyway = anyway(address);
    if (anyway.isPresent()) {
      return anyway.get();
    }
    String host = host(name);
    for (Entry entry : entries) {
      if (entry.reaches(address) && entry.names(host)) {
        return new Decision.Allowed(entry.name());
      }
    }
    return new Decision.Denied(
        egress.policy(),
        (host.isEmpty() ? address.toString() : host + " (" + address + ")")
            + " is none of the "
            + entries.size()
            + " places outside the mesh that may be called");
  }

  /** Without port and final dot, lower case; an address is no name. */
  private static String host(String name) {
    String host = name;
    int colon = host.lastIndexOf(':');
    if (colon >= 0) {
      host = host.substring(0, colon);
    }
    if (host.endsWith(".")) {
      host = host.substring(0, host.length() - 1);
    }
    return host.toLowerCase(Locale.ROOT);
  }

  private static InetSocketAddress unresolved(HostPort address) {
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(address.host()), address.port());
    } catch (IllegalArgumentException e) {
      // A name: no network contains it for sure.
      return InetSocketAddress.createUnresolved(address.host(), address.port());
    }
  }
}
