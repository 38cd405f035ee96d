/**
 * The HTTP API: requests come in on the control loop, change the set of proxies there, one after
 * another, and the answers go out in Toxiproxy's exact shapes.
 */
@NullMarked
package io.refmesh.toxiproxy.api;

import org.jspecify.annotations.NullMarked;
