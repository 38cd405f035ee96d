package io.refmesh.model.discovery;

import io.refmesh.model.policy.BackendSettings;
import java.util.List;

/** The endpoints behind one port of a service and how to choose among them. */
public record Backend(
    ServicePort id, AppProtocol protocol, List<EndpointSpec> endpoints, BackendSettings settings) {

  public Backend {
    endpoints = List.copyOf(endpoints);
  }
}
