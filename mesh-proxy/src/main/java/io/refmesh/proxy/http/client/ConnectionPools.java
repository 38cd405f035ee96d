package io.refmesh.proxy.http.client;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.policy.BackendSettings;
import java.util.random.RandomGenerator;

/**
 * Makes the connections to endpoints: one multiplexed HTTP/2 connection per event loop and sidecar,
 * keep-alive pools of HTTP/1 and HTTP/2 without TLS for endpoints without sidecar, as the
 * application spoke.
 */
public final class ConnectionPools implements Upstreams {

  /** Sees each connection to an endpoint before it connects: for counters and socket options. */
  public interface ConnectionSetup {

    /** Nothing. */
    ConnectionSetup NONE = (pipeline, endpoint) -> {};

    /** On the event loop; the pipeline is empty. Handlers added here see the bytes of the wire. */
    void prepare(ChannelPipeline pipeline, EndpointSpec endpoint);
  }

  private final SecureConnections secure;
  private final ChannelFactory<? extends Channel> channels;
  private final ConnectionSetup setup;
  private final ClientSettings settings;
  private final Ticker ticker;
  private final RandomGenerator random;

  /**
   * @param channels makes a socket channel of the kind that the event loops drive ({@code
   *     EpollSocketChannel::new} or {@code NioSocketChannel::new})
   * @param random used from every event loop
   */
  public ConnectionPools(
      SecureConnections secure,
      ChannelFactory<? extends Channel> channels,
      ConnectionSetup setup,
      ClientSettings settings,
      Ticker ticker,
      RandomGenerator random) {
    this.secure = secure;
    this.channels = channels;
    this.setup = setup;
    this.settings = settings;
    this.ticker = ticker;
    this.random = random;
  }

  /**
   * @param protocol what the endpoint is said to speak; sidecars speak HTTP/2, others what the
   *     application spoke, as far as both know it
   */
  @Override
  public Upstream open(
      EndpointSpec endpoint, AppProtocol protocol, BackendSettings backend, EventLoop loop) {
    Connector connector =
        new Connector(
            endpoint,
            loop,
            secure,
            channels,
            setup,
            Math.max(1, backend.connectTimeout().toMillis()));
    boolean sidecar = endpoint.identity().isPresent();
    MultiplexedUpstream multiplexed =
        new MultiplexedUpstream(connector, settings, backend.limits(), ticker, sidecar);
    return sidecar
        ? multiplexed
        : new PlainUpstream(
            new KeepAliveUpstream(connector, settings, backend.limits(), ticker, random),
            multiplexed,
            protocol);
  }
}
