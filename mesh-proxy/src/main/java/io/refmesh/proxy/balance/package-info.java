/**
 * Chooses the endpoint of each try: an exchange comes in, goes to one {@link
 * io.refmesh.proxy.endpoint.Endpoint}, and how that went is recorded there. On the event loop of
 * the exchange; one balancer serves all loops. Start with {@link
 * io.refmesh.proxy.balance.Balancer}.
 */
@NullMarked
package io.refmesh.proxy.balance;

import org.jspecify.annotations.NullMarked;
