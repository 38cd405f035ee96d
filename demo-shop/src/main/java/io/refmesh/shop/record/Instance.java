package io.refmesh.shop.record;

/** Who this process is: {@code name} is that of the workload and the replica's number. */
public record Instance(String name, String role, String version, String zone) {}
