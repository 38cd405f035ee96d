/** Tests of what the registry reads, refuses and keeps. */
@NullMarked
package io.refmesh.control.registry;

import org.jspecify.annotations.NullMarked;
