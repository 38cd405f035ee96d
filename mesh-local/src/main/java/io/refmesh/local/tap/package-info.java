/** Watching live requests of a local mesh; begin with {@link io.refmesh.local.tap.LocalTap}. */
@NullMarked
package io.refmesh.local.tap;

import org.jspecify.annotations.NullMarked;
