package io.refmesh.control.registry;

import java.util.List;

/**
 * Gateway API's TCPRoute and TLSRoute with Services as parents: they decide connection by
 * connection.
 *
 * @param tls whether it is a TLSRoute
 * @param hostnames of a TLSRoute: names in the ClientHello, lower case, may begin with {@code *.};
 *     empty for any
 */
public record ConnectionRoute(
    Metadata metadata,
    Origin origin,
    boolean tls,
    List<ParentRef> parentRefs,
    List<String> hostnames,
    List<List<BackendRef>> backendRefs)
    implements Route {

  public ConnectionRoute {
    parentRefs = List.copyOf(parentRefs);
    hostnames = List.copyOf(hostnames);
    backendRefs = List.copyOf(backendRefs);
  }

  @Override
  public String kind() {
    return tls ? "TLSRoute" : "TCPRoute";
  }
}
