/** Rotations of the root against a cluster in memory. */
@NullMarked
package io.refmesh.cli.rotate;

import org.jspecify.annotations.NullMarked;
