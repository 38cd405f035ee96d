package io.refmesh.proxy;

import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.client.Upstream;
import io.refmesh.proxy.http.client.Upstreams;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Calls the application behind this proxy: a pool for each port and event loop, in plaintext over
 * loopback.
 */
final class ApplicationCalls implements AutoCloseable {

  /**
   * Over loopback the kernel answers at once; what takes longer is an application whose backlog is
   * full.
   */
  static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);

  private static final BackendSettings SETTINGS =
      new BackendSettings(
          BackendSettings.Balancer.DEFAULT,
          BackendSettings.Ejection.DEFAULT,
          // Callers' limits and the application's own come first; these are for memory.
          new BackendSettings.Limits(0, false, 4096, 4096),
          CONNECT_TIMEOUT);

  private record Key(int port, EventLoop loop) {}

  private final ProxyConfig config;
  private final Upstreams upstreams;
  private final Map<Key, Upstream> pools = new ConcurrentHashMap<>();

  ApplicationCalls(ProxyConfig config, Upstreams upstreams) {
    this.config = config;
    this.upstreams = upstreams;
  }

  HostPort address(int port) {
    return config.applicationAddress(port);
  }

  /** Speaks what the caller's application spoke. */
  HttpService http(int port) {
    EndpointSpec application =
        new EndpointSpec(
            address(port),
            address(port),
            Optional.empty(),
            config.zone(),
            1,
            true,
            config.namespace() + "/" + config.workload(),
            config.replica());
    AppProtocol protocol = config.ports().getOrDefault(port, AppProtocol.DETECT);
    return (exchange, reply) -> {
      exchange.endpoint(application);
      pools
          .computeIfAbsent(
              new Key(port, exchange.loop()),
              key -> upstreams.open(application, protocol, SETTINGS, key.loop()))
          .handle(exchange, reply);
    };
  }

  /** Idle connections close now, busy ones when they are done. */
  @Override
  public void close() {
    pools.forEach((key, pool) -> key.loop().execute(pool::close));
    pools.clear();
  }
}
