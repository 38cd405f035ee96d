package io.refmesh.proxy.http;

import io.refmesh.model.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Who sent a request, as the connection proved it.
 *
 * @param identity verified by mutual TLS; empty for the own application and for peers without
 *     sidecar
 * @param meshed whether the request came from another sidecar
 */
public record Caller(InetSocketAddress address, Optional<SpiffeId> identity, boolean meshed) {}
