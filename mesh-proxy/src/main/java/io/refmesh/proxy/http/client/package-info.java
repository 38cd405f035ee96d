/**
 * HTTP to an endpoint: connections, streams, the way back. Everything of one connection happens on
 * its event loop.
 */
@NullMarked
package io.refmesh.proxy.http.client;

import org.jspecify.annotations.NullMarked;
