/** Tests that drive a whole server over real sockets, from the test's thread. */
@NullMarked
package io.refmesh.toxiproxy;

import org.jspecify.annotations.NullMarked;
