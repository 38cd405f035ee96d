package io.refmesh.model.route;

import java.util.List;

/**
 * Where a connection that is not HTTP goes (TCPRoute, TLSRoute of Gateway API).
 *
 * @param name {@code namespace/route/rule-index}
 * @param tls whether it is about connections only that begin with a ClientHello
 * @param hostnames names of the ClientHello that it is about, lower case, may begin with {@code
 *     *.}; empty for any
 * @param backends filters of theirs have no meaning here
 */
public record ConnectionRule(
    String name, boolean tls, List<String> hostnames, List<WeightedBackend> backends) {

  public ConnectionRule {
    hostnames = List.copyOf(hostnames);
    backends = List.copyOf(backends);
    if (!tls && !hostnames.isEmpty()) {
      throw new IllegalArgumentException(
          "connection rule "
              + name
              + ": host names without TLS (expected: none, where nothing names a host)");
    }
  }
}
