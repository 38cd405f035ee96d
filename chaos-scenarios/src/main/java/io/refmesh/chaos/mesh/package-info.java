/**
 * What a run knows of the mesh that it breaks, wherever that mesh runs: {@link
 * io.refmesh.chaos.mesh.Environment} starts it, {@link io.refmesh.chaos.mesh.GroupMesh} is what is
 * asked of it. Scenarios, faults and verdicts know nothing of processes or pods.
 */
@NullMarked
package io.refmesh.chaos.mesh;

import org.jspecify.annotations.NullMarked;
