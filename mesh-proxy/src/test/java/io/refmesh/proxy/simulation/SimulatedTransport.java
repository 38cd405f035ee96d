package io.refmesh.proxy.simulation;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.refmesh.proxy.accept.Transport;

/** The connections of one host of a simulated network. */
public record SimulatedTransport(SimulatedNetwork network, String host) implements Transport {

  @Override
  public EventLoopGroup loops(int count, String name) {
    return network.time().loops();
  }

  @Override
  public ChannelFactory<? extends ServerChannel> listeners() {
    return () -> new SimulatedListener(network);
  }

  @Override
  public ChannelFactory<? extends Channel> connections() {
    return () -> new SimulatedChannel(network, host);
  }

  @Override
  public Class<? extends Channel> connectionType() {
    return SimulatedChannel.class;
  }

  @Override
  public void prepare(Channel channel) {}
}
