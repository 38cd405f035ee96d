/** Arbitrary bytes for whatever reads bytes of others. */
@NullMarked
package io.refmesh.testkit.fuzz;

import org.jspecify.annotations.NullMarked;
