/**
 * The contract of a request on its way through the proxy: a head that climbs through layers, bytes
 * that go around them, and one way to stop. Start with {@link io.refmesh.proxy.http.HttpService}.
 * Everything of one exchange happens on one event loop.
 */
@NullMarked
package io.refmesh.proxy.http;

import org.jspecify.annotations.NullMarked;
