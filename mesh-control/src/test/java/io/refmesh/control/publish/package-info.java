/** Tests of {@code publish}. */
@NullMarked
package io.refmesh.control.publish;

import org.jspecify.annotations.NullMarked;
