package io.refmesh.proxy.tls;

import io.refmesh.model.identity.SpiffeId;

/**
 * What a TLS connection proved.
 *
 * @param peer verified: the chain leads to a trust root, and it is the identity that was expected
 * @param group the key exchange that was agreed on
 */
public record Secured(SpiffeId peer, MeshAlpn protocol, String group) {}
