/**
 * What a connection speaks: its first bytes and what the port is said to speak come in, a {@link
 * io.refmesh.proxy.detect.Protocol} goes out, and not a byte is lost. {@link
 * io.refmesh.proxy.detect.ProtocolDetector} is pure; the handler runs on the event loop of the
 * connection.
 */
@NullMarked
package io.refmesh.proxy.detect;

import org.jspecify.annotations.NullMarked;
