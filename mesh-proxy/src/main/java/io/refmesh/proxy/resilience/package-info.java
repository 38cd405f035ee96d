/**
 * Time and second tries: an exchange comes in, is sent on as often as its policy allows, and is
 * ended when its time is up. On the event loop of the exchange; layers serve all loops and keep
 * what belongs to one exchange in an object of its own. Start with {@link
 * io.refmesh.proxy.resilience.RetryLayer}.
 */
@NullMarked
package io.refmesh.proxy.resilience;

import org.jspecify.annotations.NullMarked;
