/**
 * What the proxy has learned about endpoints: health, latency, connections. Outlives every
 * configuration; connections belong to one event loop each.
 */
@NullMarked
package io.refmesh.proxy.endpoint;

import org.jspecify.annotations.NullMarked;
