/**
 * Which rule of a destination a request falls under, and what the rule does to its head: a request
 * comes in, goes to the service built for its rule. On the event loop of the exchange; everything
 * here is immutable and serves all loops. Start with {@link io.refmesh.proxy.route.RouteTable}.
 */
@NullMarked
package io.refmesh.proxy.route;

import org.jspecify.annotations.NullMarked;
