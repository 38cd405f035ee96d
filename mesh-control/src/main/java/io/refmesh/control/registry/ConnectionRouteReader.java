package io.refmesh.control.registry;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads a TCPRoute or a TLSRoute. */
final class ConnectionRouteReader {

  private ConnectionRouteReader() {}

  static ConnectionRoute read(Metadata metadata, Origin origin, Fields spec, boolean tls) {
    List<ParentRef> parents = ParentRef.read(metadata, spec);
    List<String> hostnames = tls ? HttpRouteReader.hostnames(spec) : List.of();
    List<List<BackendRef>> rules = new ArrayList<>();
    Set<String> names = new HashSet<>();
    List<Fields> items = HttpRouteReader.rules(spec);
    if (items.size() > 1) {
      // Nothing tells the connections of one rule from those of the next.
      spec.problem(
          "rules",
          items.size()
              + " rules (expected: one; the second could never apply, so split the route)");
    }
    for (Fields fields : items) {
      HttpRouteReader.ruleName(fields, names);
      List<BackendRef> backends = new ArrayList<>();
      for (Fields backend : fields.objects("backendRefs")) {
        backends.add(BackendRef.read(metadata, backend));
      }
      if (backends.isEmpty()) {
        fields.missing("backendRefs", "at least one Service, such as [{name: cart, port: 5432}]");
      }
      rules.add(backends);
    }
    return new ConnectionRoute(metadata, origin, tls, parents, hostnames, rules);
  }
}
