package io.refmesh.proxy;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.control.Addresses;
import io.refmesh.proxy.control.ControlListener;
import io.refmesh.proxy.control.ControlPlane;
import io.refmesh.proxy.control.ControlSettings;
import io.refmesh.proxy.control.DestinationState;
import io.refmesh.proxy.control.Destinations;
import io.refmesh.proxy.control.StaticConfiguration;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * What the proxy asks of its control plane: the one of the environment, or one that a test plays.
 * Safe on any thread.
 */
interface Control extends Destinations, Addresses, AutoCloseable {

  /** Makes the control plane's client; nothing is asked before {@link Control#start}. */
  interface Factory {
    Control create(ControlListener listener, Parts parts);
  }

  /** What a client needs of the proxy. */
  record Parts(
      EventLoopGroup loop,
      Transport transport,
      Ticker ticker,
      InstantSource clock,
      RandomGenerator random,
      ProxyMetrics metrics) {}

  void start();

  Map<ServicePort, DestinationState> destinations();

  boolean connected();

  /** What the proxy still waits for, a sentence each. */
  List<String> missing();

  @Override
  void close();

  /** What the environment names: a control plane, or a folder in its place. */
  static Factory ofEnvironment(ProxyConfig config) {
    return switch (config.source()) {
      case ProxyConfig.Source.Remote remote -> remote(config, remote);
      case ProxyConfig.Source.Folder(Path folder) -> {
        StaticConfiguration configuration = StaticConfiguration.read(folder, config.identity());
        yield (listener, parts) -> new StaticControl(configuration, listener, parts);
      }
    };
  }

  private static Factory remote(ProxyConfig config, ProxyConfig.Source.Remote remote) {
    ControlSettings settings =
        new ControlSettings(
            remote.address(),
            remote.identity(),
            config.identity(),
            config.namespace(),
            config.workload(),
            config.replica(),
            config.inbound(),
            remote.trustRoots(),
            remote.tokenFile(),
            config.clockSkew());
    return (listener, parts) ->
        new Remote(
            new ControlPlane(
                settings,
                listener,
                parts.loop(),
                parts.transport().connectionType(),
                parts.ticker(),
                parts.clock(),
                parts.random(),
                parts.metrics()));
  }

  /** Over the control API. */
  record Remote(ControlPlane plane) implements Control {

    @Override
    public void start() {
      plane.start();
    }

    @Override
    public Subscription watch(ServicePort service, Consumer<DestinationState> listener) {
      return plane.watch(service, listener);
    }

    @Override
    public Watch watch(HostPort address, Consumer<AddressState> listener) {
      return plane.watch(address, listener);
    }

    @Override
    public Map<ServicePort, DestinationState> destinations() {
      return plane.destinations();
    }

    @Override
    public boolean connected() {
      return plane.connected();
    }

    @Override
    public List<String> missing() {
      return plane.missing();
    }

    @Override
    public void close() {
      plane.close();
    }
  }
}
