/** Tests of single parts, on the test's thread. */
@NullMarked
package io.refmesh.toxiproxy.link;

import org.jspecify.annotations.NullMarked;
