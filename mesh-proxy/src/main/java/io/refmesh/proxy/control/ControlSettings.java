package io.refmesh.proxy.control;

import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.SpiffeId;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How this proxy reaches and recognises its control plane, and who it says it is.
 *
 * @param control where the control API listens
 * @param controlIdentity what the control plane must prove
 * @param address where the sidecar takes calls, which tells one incarnation of a replica from the
 *     next
 * @param trustRoots PEM file; believed until the control plane sends other roots
 * @param tokenFile read again for every certificate
 * @param clockSkew by how much a leaf may begin in the future
 */
public record ControlSettings(
    HostPort control,
    SpiffeId controlIdentity,
    SpiffeId identity,
    String namespace,
    String workload,
    int replica,
    String address,
    Path trustRoots,
    Path tokenFile,
    Duration clockSkew) {}
