/**
 * Those who should not get in, and those who look on: callers without a right identity, a server
 * with somebody else's, and a relay that keeps what passes. Each connection has a virtual thread of
 * its own; figures may be read on any thread.
 */
@NullMarked
package io.refmesh.chaos.intruder;

import org.jspecify.annotations.NullMarked;
