package io.refmesh.chaos.observe;

/**
 * A sidecar whose metrics count.
 *
 * @param instance {@code shop/cart-0}; a replaced instance gets another target with the same name
 *     and another admin port
 * @param admin URL of its admin port
 */
public record SidecarTarget(String instance, String workload, String admin) {}
