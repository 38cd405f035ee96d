/** Tests of {@code identity}. */
@NullMarked
package io.refmesh.control.identity;

import org.jspecify.annotations.NullMarked;
