package io.refmesh.chaos.verdict;

/**
 * One negative control: the mesh was broken on purpose and the scenario had to notice.
 *
 * @param by ids of the expectations that noticed, or that should have; comma-separated
 * @param observed what those expectations measured in the broken mesh
 */
public record ControlVerdict(
    String name, String says, boolean caught, String by, String observed) {}
