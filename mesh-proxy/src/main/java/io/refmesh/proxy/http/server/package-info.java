/**
 * HTTP from a caller: bytes of one connection come in, exchanges go to the {@link
 * io.refmesh.proxy.http.HttpService} behind it, and what climbs back becomes the response. Start
 * with {@link io.refmesh.proxy.http.server.Http1Server} and {@link
 * io.refmesh.proxy.http.server.Http2Server}. Everything of one connection happens on its event
 * loop.
 */
@NullMarked
package io.refmesh.proxy.http.server;

import org.jspecify.annotations.NullMarked;
