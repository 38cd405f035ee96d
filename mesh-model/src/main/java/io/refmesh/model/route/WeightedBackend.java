package io.refmesh.model.route;

import io.refmesh.model.discovery.ServicePort;

/**
 * A share of a rule's requests.
 *
 * @param exists false when the route names a service or port that is not there: its share is
 *     answered 500
 */
public record WeightedBackend(ServicePort backend, int weight, boolean exists) {

  public WeightedBackend {
    if (weight < 0) {
      throw new IllegalArgumentException("weight: " + weight + " (expected: >= 0)");
    }
  }
}
