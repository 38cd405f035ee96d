package io.refmesh.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.refmesh.model.discovery.HostPort;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Whether the application takes a connection; the connection is closed at once. */
final class ApplicationCheck {

  private ApplicationCheck() {}

  /** Done within a second: empty when it does, else why not. */
  static CompletionStage<Optional<String>> connects(
      HostPort address, EventLoopGroup loops, ChannelFactory<? extends Channel> connections) {
    CompletableFuture<Optional<String>> told = new CompletableFuture<>();
    new Bootstrap()
        .group(loops)
        .channelFactory(connections)
        .option(
            ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) ApplicationCalls.CONNECT_TIMEOUT.toMillis())
        .handler(new ChannelInboundHandlerAdapter())
        .connect(address.toSocketAddress())
        .addListener((ChannelFuture connected) -> {
          told.complete(
              connected.isSuccess()
                  ? Optional.empty()
                  : Optional.of(String.valueOf(connected.cause().getMessage())));
          connected.channel().close();
        });
    return told;
  }
}
