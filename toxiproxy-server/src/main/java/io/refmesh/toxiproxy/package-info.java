/**
 * A Toxiproxy-compatible server: start here. {@link io.refmesh.toxiproxy.ToxiproxyServer} takes a
 * control address and a seed and answers with a running server; {@link
 * io.refmesh.toxiproxy.ToxiproxyMain} is the same as a process. Called from any thread; the work
 * happens on the server's own event loops.
 */
@NullMarked
package io.refmesh.toxiproxy;

import org.jspecify.annotations.NullMarked;
