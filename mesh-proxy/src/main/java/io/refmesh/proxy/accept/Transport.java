package io.refmesh.proxy.accept;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;

/** What connections are made of: {@link Sockets}, or what a test puts in their place. */
public interface Transport {

  /** The sockets that this machine drives best: epoll on Linux, else what the JVM has. */
  static Transport best() {
    return Epoll.isAvailable() ? Sockets.EPOLL : Sockets.NIO;
  }

  EventLoopGroup loops(int count, String name);

  ChannelFactory<? extends ServerChannel> listeners();

  ChannelFactory<? extends Channel> connections();

  /** The class of {@link #connections}, for libraries that ask for it. */
  Class<? extends Channel> connectionType();

  /** Sets the options of every connection of the mesh, accepted or made. */
  void prepare(Channel channel);
}
