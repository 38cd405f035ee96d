/**
 * Errors made by the mesh: one table with stable codes, used by the proxy, its tests and the
 * documentation.
 */
@NullMarked
package io.refmesh.model.error;

import org.jspecify.annotations.NullMarked;
