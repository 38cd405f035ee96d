package io.refmesh.proxy.accept;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;

/** The kind of sockets that this machine drives best: epoll on Linux, else what the JVM has. */
public enum Transport {
  EPOLL {
    @Override
    public MultiThreadIoEventLoopGroup loops(int count, String name) {
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
    void prepareMore(Channel channel) {
      channel.config().setOption(EpollChannelOption.TCP_USER_TIMEOUT, USER_TIMEOUT_MILLIS);
    }
  },
  NIO {
    @Override
    public MultiThreadIoEventLoopGroup loops(int count, String name) {
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
    void prepareMore(Channel channel) {}
  };

  /** How long bytes may stay unacknowledged before the kernel gives a connection up. */
  private static final int USER_TIMEOUT_MILLIS = 30_000;

  public static Transport best() {
    return Epoll.isAvailable() ? EPOLL : NIO;
  }

  public abstract MultiThreadIoEventLoopGroup loops(int count, String name);

  public abstract ChannelFactory<? extends ServerChannel> listeners();

  public abstract ChannelFactory<? extends Channel> connections();

  /** The class of {@link #listeners}, for libraries that ask for it. */
  public final Class<? extends ServerChannel> listenerType() {
    return this == EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  /** The class of {@link #connections}, for libraries that ask for it. */
  public final Class<? extends Channel> connectionType() {
    return this == EPOLL ? EpollSocketChannel.class : NioSocketChannel.class;
  }

  /** Options of every connection of the mesh, accepted or made. */
  public final void prepare(Channel channel) {
    channel.config().setOption(ChannelOption.TCP_NODELAY, true);
    channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
    prepareMore(channel);
  }

  abstract void prepareMore(Channel channel);
}
