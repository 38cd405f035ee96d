package io.refmesh.control.registry;

import java.util.List;

/** A route of Gateway API with Services as parents. */
public sealed interface Route extends Resource permits ConnectionRoute, RequestRoute {

  List<ParentRef> parentRefs();

  /** What each rule names, in the order of the rules. */
  List<List<BackendRef>> backendRefs();
}
