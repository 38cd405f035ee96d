package io.refmesh.proxy.simulation;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Calls one after the other over one HTTP/1.1 connection, which is made again when it is gone; see
 * {@link Conversation} for how.
 */
public final class Http1Client implements Client, Conversation.Caller {

  private final SimulatedTransport transport;
  private final EventLoop loop;
  private final InetSocketAddress service;
  private final Script script;
  private @Nullable Channel channel;
  private @Nullable Conversation conversation;
  private boolean calling;
  private boolean stopped;

  public Http1Client(
      SimulatedTransport transport, EventLoop loop, InetSocketAddress service, Script script) {
    this.transport = transport;
    this.loop = loop;
    this.service = service;
    this.script = script;
  }

  @Override
  public void start() {
    later(script.draw(script.thinkMillis()), this::nextCall);
  }

  @Override
  public void stop() {
    stopped = true;
    if (conversation != null) {
      conversation.stop();
    }
    if (channel != null) {
      channel.close();
    }
  }

  private void nextCall() {
    if (stopped || calling) {
      return;
    }
    Channel open = channel;
    Conversation over = conversation;
    if (open == null || over == null || !open.isActive()) {
      connect();
      return;
    }
    Call next = script.next(false);
    if (next == null) {
      later(script.thinkMillis(), this::nextCall);
      return;
    }
    calling = true;
    over.send(open, next);
  }

  private void connect() {
    Conversation made = new Conversation(script, transport.network().time(), this);
    new Bootstrap()
        .group(loop)
        .channelFactory(transport.connections())
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 1000)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel connection) {
                connection.pipeline().addLast(new HttpClientCodec()).addLast(made);
              }
            })
        .connect(service)
        .addListener((ChannelFuture connected) -> {
          if (connected.isSuccess()) {
            channel = connected.channel();
            conversation = made;
            nextCall();
          } else {
            later(20, this::nextCall);
          }
        });
  }

  @Override
  public void ended() {
    calling = false;
    if (!stopped) {
      later(1 + script.draw(script.thinkMillis()), this::nextCall);
    }
  }

  @Override
  public void gone(Conversation over) {
    if (conversation == over) {
      channel = null;
      conversation = null;
    }
  }

  private void later(int millis, Runnable task) {
    loop.schedule(task, millis, TimeUnit.MILLISECONDS);
  }
}
