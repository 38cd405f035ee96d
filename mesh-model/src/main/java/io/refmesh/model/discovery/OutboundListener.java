package io.refmesh.model.discovery;

/** Local mode: an address of the workload's own on which the sidecar takes calls to a service. */
public record OutboundListener(HostPort listen, ServicePort service, AppProtocol protocol) {}
