package io.refmesh.proxy.control;

import io.refmesh.model.discovery.Destination;

/** What the control plane said last about one port of a service. */
public sealed interface DestinationState {

  /** Grows with every change while one control plane runs. */
  long version();

  record Known(long version, Destination destination) implements DestinationState {}

  /** The service or port does not exist, or not any more. */
  record NotFound(long version, String reason) implements DestinationState {}
}
