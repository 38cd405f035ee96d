/**
 * Bytes both ways between two connections of one event loop, neither lost nor added: back-pressure,
 * ends and resets of one side reach the other. Between sidecars the bytes are framed, so that a cut
 * connection is never taken for an end.
 */
@NullMarked
package io.refmesh.proxy.relay;

import org.jspecify.annotations.NullMarked;
