package io.refmesh.control.registry;

import java.util.List;

/** A route that decides request by request. */
public sealed interface RequestRoute extends Route permits GrpcRoute, HttpRoute {

  /** Lower case, may begin with {@code *.}; empty for any. */
  List<String> hostnames();

  List<HttpRoute.Rule> rules();

  @Override
  default List<List<BackendRef>> backendRefs() {
    return rules().stream().map(HttpRoute.Rule::backendRefs).toList();
  }
}
