/**
 * Sockets come in, {@link io.refmesh.proxy.accept.Accepted} connections with the destination they
 * were meant for go out. Listeners are bound and closed from any thread; an accepted connection
 * belongs to its event loop.
 */
@NullMarked
package io.refmesh.proxy.accept;

import org.jspecify.annotations.NullMarked;
