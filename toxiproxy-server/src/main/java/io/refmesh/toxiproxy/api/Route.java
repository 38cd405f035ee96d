package io.refmesh.toxiproxy.api;

import java.util.Set;

/** A path of the API and the methods it takes. */
enum Route {
  VERSION("GET"),
  RESET("POST"),
  POPULATE("POST"),
  PROXIES("GET", "POST"),
  PROXY("GET", "POST", "PATCH", "DELETE"),
  TOXICS("GET", "POST"),
  TOXIC("GET", "POST", "PATCH", "DELETE"),
  /** Toxics of the connections that are open now; Refmesh's own. */
  EXISTING_TOXICS("POST"),
  EXISTING_TOXIC("DELETE"),
  /** A path the API does not have. */
  NONE();

  private final Set<String> methods;

  Route(String... methods) {
    this.methods = Set.of(methods);
  }

  boolean allows(String method) {
    return methods.contains(method);
  }
}
