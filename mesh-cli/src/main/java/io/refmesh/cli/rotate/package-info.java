/**
 * Gives the mesh of a cluster another root while it runs: {@code Rotation} decides from what is
 * seen, {@code Sight} sees, {@code Driver} does. Nothing is kept beside the objects of the cluster,
 * so that whoever comes next goes on. Runs on the caller's thread.
 */
@NullMarked
package io.refmesh.cli.rotate;

import org.jspecify.annotations.NullMarked;
