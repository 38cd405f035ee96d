package io.refmesh.model.discovery;

/** What the mesh knows about an address and port that an application calls. */
public sealed interface AddressState {

  /**
   * It is called as this destination.
   *
   * @param service for a single workload a name that no Service can have
   */
  record Found(ServicePort service, AppProtocol protocol) implements AddressState {}

  /** An address of the mesh, but nothing that may be called there. */
  record Refused(String reason) implements AddressState {}

  /** Not of the mesh. */
  record Outside() implements AddressState {}
}
