package io.refmesh.proxy.simulation;

import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Takes connections on one address of a simulated network. */
final class SimulatedListener extends AbstractServerChannel {

  private final SimulatedNetwork network;
  private final SimulatedConfig config;
  private @Nullable InetSocketAddress local;
  private boolean closed;

  SimulatedListener(SimulatedNetwork network) {
    this.network = network;
    this.config = new SimulatedConfig(this, network.allocator());
  }

  /** A connection from {@code caller} has arrived; answers its end on this side. */
  SimulatedChannel take(SimulatedChannel caller) {
    SimulatedChannel end = new SimulatedChannel(this, network, caller);
    eventLoop()
        .execute(() -> {
          if (closed) {
            end.unsafe().closeForcibly();
            return;
          }
          pipeline().fireChannelRead(end);
          pipeline().fireChannelReadComplete();
        });
    return end;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public boolean isActive() {
    return local != null && !closed;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return local;
  }

  @Override
  protected void doBind(SocketAddress address) throws Exception {
    local = network.bind((InetSocketAddress) address, this);
  }

  @Override
  protected void doClose() {
    closed = true;
    if (local != null) {
      network.unbind(local);
    }
  }

  @Override
  protected void doBeginRead() {}
}
