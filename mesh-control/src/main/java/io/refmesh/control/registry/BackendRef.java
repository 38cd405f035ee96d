package io.refmesh.control.registry;

import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.route.RouteFilter;
import java.util.List;

/**
 * A share of what a rule of a route matches.
 *
 * @param filters for requests that go there
 */
public record BackendRef(
    String namespace, String name, int port, int weight, List<RouteFilter> filters) {

  private static final int WEIGHT_MAX = 1_000_000;

  public BackendRef {
    filters = List.copyOf(filters);
  }

  public ServicePort id() {
    return new ServicePort(namespace, name, port);
  }

  BackendRef withFilters(List<RouteFilter> own) {
    return new BackendRef(namespace, name, port, weight, own);
  }

  /** Reads one element of {@code backendRefs}, but its filters. */
  static BackendRef read(Metadata metadata, Fields fields) {
    ServiceRef.check(fields, "backend");
    return new BackendRef(
        fields.text("namespace").orElse(metadata.namespace()),
        fields.requiredText("name", "the Service's name"),
        fields.requiredInteger("port", 1, 65_535),
        fields.integer("weight", 0, WEIGHT_MAX).orElse(1),
        List.of());
  }
}
