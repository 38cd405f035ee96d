package io.refmesh.proxy.simulation;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import org.jspecify.annotations.Nullable;

/** Options of a simulated connection; those of real sockets that mean nothing here are taken. */
final class SimulatedConfig extends DefaultChannelConfig {

  private boolean allowHalfClosure;
  private boolean resetOnClose;

  SimulatedConfig(Channel channel, ByteBufAllocator allocator) {
    super(channel);
    setAllocator(allocator);
  }

  boolean allowsHalfClosure() {
    return allowHalfClosure;
  }

  boolean resetsOnClose() {
    return resetOnClose;
  }

  @Override
  public <T> boolean setOption(ChannelOption<T> option, T value) {
    if (option == ChannelOption.ALLOW_HALF_CLOSURE) {
      allowHalfClosure = (Boolean) value;
      return true;
    }
    if (option == ChannelOption.SO_LINGER) {
      resetOnClose = (Integer) value == 0;
      return true;
    }
    return super.setOption(option, value)
        || option == ChannelOption.TCP_NODELAY
        || option == ChannelOption.SO_KEEPALIVE
        || option == ChannelOption.SO_REUSEADDR
        || option == ChannelOption.SO_BACKLOG;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T> @Nullable T getOption(ChannelOption<T> option) {
    return option == ChannelOption.ALLOW_HALF_CLOSURE
        ? (T) Boolean.valueOf(allowHalfClosure)
        : super.getOption(option);
  }
}
