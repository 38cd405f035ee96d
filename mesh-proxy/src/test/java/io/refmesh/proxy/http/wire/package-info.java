/**
 * Fixtures for tests on real sockets of 127.0.0.1: a loop with a counting allocator, raw peers,
 * scripted services.
 */
@NullMarked
package io.refmesh.proxy.http.wire;

import org.jspecify.annotations.NullMarked;
