package io.refmesh.shop.admin;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.refmesh.shop.net.App;
import java.net.InetSocketAddress;
import java.util.concurrent.Executor;

/** Listens on the admin port. */
public final class AdminServer {
  private static final int BODY_BYTES_MAX = 256 * 1024;

  private final App app;
  private final Executor appLoop;
  private final EventLoopGroup group;

  public AdminServer(App app, Executor appLoop, EventLoopGroup group) {
    this.app = app;
    this.appLoop = appLoop;
    this.group = group;
  }

  /** Returns the listening channel; fails as the bind fails. */
  public Channel listen(InetSocketAddress address) throws InterruptedException {
    Orders orders = new Orders(app);
    return new ServerBootstrap()
        .group(group)
        .channel(NioServerSocketChannel.class)
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                channel
                    .pipeline()
                    .addLast(new HttpServerCodec())
                    .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                    .addLast(new AdminHandler(orders, appLoop));
              }
            })
        .bind(address)
        .sync()
        .channel();
  }
}
