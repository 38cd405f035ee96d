/**
 * Who may call: a request or connection and its caller come in, a decision goes out. {@link
 * io.refmesh.proxy.policy.Authorizer} decides and is pure; the layers around it act on the event
 * loop of the exchange.
 */
@NullMarked
package io.refmesh.proxy.policy;

import org.jspecify.annotations.NullMarked;
