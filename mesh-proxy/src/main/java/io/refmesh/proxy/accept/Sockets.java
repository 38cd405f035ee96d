package io.refmesh.proxy.accept;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;

/** Sockets of the operating system. */
enum Sockets implements Transport {
  EPOLL {
    @Override
    public EventLoopGroup loops(int count, String name) {
      return new MultiThreadIoEventLoopGroup(
          count, new DefaultThreadFactory(name), CarefulEpoll.newFactory());
    }

    @Override
    public ChannelFactory<? extends ServerChannel> listeners() {
      return EpollServerSocketChannel::new;
    }

    @Override
    public ChannelFactory<? extends Channel> connections() {
      return EpollSocketChannel::new;
    }

    @Override
    public Class<? extends Channel> connectionType() {
      return EpollSocketChannel.class;
    }

    @Override
    void prepareMore(Channel channel) {
      channel.config().setOption(EpollChannelOption.TCP_USER_TIMEOUT, USER_TIMEOUT_MILLIS);
    }
  },
  NIO {
    @Override
    public EventLoopGroup loops(int count, String name) {
      return new MultiThreadIoEventLoopGroup(
          count, new DefaultThreadFactory(name), NioIoHandler.newFactory());
    }

    @Override
    public ChannelFactory<? extends ServerChannel> listeners() {
      return NioServerSocketChannel::new;
    }

    @Override
    public ChannelFactory<? extends Channel> connections() {
      return NioSocketChannel::new;
    }

    @Override
    public Class<? extends Channel> connectionType() {
      return NioSocketChannel.class;
    }

    @Override
    void prepareMore(Channel channel) {}
  };

  /** How long bytes may stay unacknowledged before the kernel gives a connection up. */
  private static final int USER_TIMEOUT_MILLIS = 30_000;

  @Override
  public final void prepare(Channel channel) {
    channel.config().setOption(ChannelOption.TCP_NODELAY, true);
    channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
    prepareMore(channel);
  }

  abstract void prepareMore(Channel channel);
}
