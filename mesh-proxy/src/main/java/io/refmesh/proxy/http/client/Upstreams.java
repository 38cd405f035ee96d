package io.refmesh.proxy.http.client;

import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.policy.BackendSettings;

/**
 * Makes the {@link Upstream} of an endpoint for an event loop; nothing is connected before the
 * first exchange.
 */
public interface Upstreams {

  Upstream open(
      EndpointSpec endpoint, AppProtocol protocol, BackendSettings settings, EventLoop loop);
}
