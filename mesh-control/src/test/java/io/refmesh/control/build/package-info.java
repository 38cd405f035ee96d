/** Tests of {@code build}. */
@NullMarked
package io.refmesh.control.build;

import org.jspecify.annotations.NullMarked;
