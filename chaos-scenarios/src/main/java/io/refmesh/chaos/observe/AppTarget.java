package io.refmesh.chaos.observe;

/**
 * A shop application whose own record counts.
 *
 * @param instance {@code shop/cart-0}
 * @param adminUrl URL of its admin port
 */
public record AppTarget(String instance, String workload, String adminUrl) {}
