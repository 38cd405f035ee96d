package io.refmesh.proxy.scripted;

import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.client.Upstream;
import io.refmesh.proxy.http.client.Upstreams;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Endpoints that answer as the test says, by replica; remembers who was called and closed. */
public final class ScriptedUpstreams implements Upstreams {

  public final List<Integer> called = new ArrayList<>();
  public final List<EndpointSpec> opened = new ArrayList<>();
  public final List<EndpointSpec> closed = new ArrayList<>();
  private final Map<Integer, ScriptedService.Step> byReplica = new HashMap<>();
  private ScriptedService.Step others = ScriptedService.status(200);

  public ScriptedUpstreams all(ScriptedService.Step step) {
    others = step;
    byReplica.clear();
    return this;
  }

  public ScriptedUpstreams replica(int replica, ScriptedService.Step step) {
    byReplica.put(replica, step);
    return this;
  }

  public long calls(int replica) {
    return called.stream().filter(r -> r == replica).count();
  }

  @Override
  public Upstream open(
      EndpointSpec endpoint, AppProtocol protocol, BackendSettings settings, EventLoop loop) {
    opened.add(endpoint);
    return new Upstream() {
      @Override
      public void handle(Exchange exchange, Reply reply) {
        called.add(endpoint.replica());
        byReplica.getOrDefault(endpoint.replica(), others).play(exchange, reply);
      }

      @Override
      public void close() {
        closed.add(endpoint);
      }
    };
  }
}
