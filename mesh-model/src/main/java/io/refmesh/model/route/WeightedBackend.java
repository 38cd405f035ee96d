package io.refmesh.model.route;

import io.refmesh.model.discovery.ServicePort;
import java.util.List;

/**
 * A share of a rule's requests.
 *
 * @param exists false when the route names a service or port that is not there: its share is
 *     answered 500
 * @param filters for requests that go to this backend, after those of the rule
 */
public record WeightedBackend(
    ServicePort backend, int weight, boolean exists, List<RouteFilter> filters) {

  public WeightedBackend(ServicePort backend, int weight, boolean exists) {
    this(backend, weight, exists, List.of());
  }

  public WeightedBackend {
    filters = List.copyOf(filters);
    if (weight < 0) {
      throw new IllegalArgumentException("weight: " + weight + " (expected: >= 0)");
    }
  }
}
