/** Tests of the whole control plane over real sockets. */
@NullMarked
package io.refmesh.control;

import org.jspecify.annotations.NullMarked;
