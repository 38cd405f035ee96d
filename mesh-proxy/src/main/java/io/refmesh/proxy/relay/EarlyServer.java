package io.refmesh.proxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayDeque;

/**
 * A connection to a server that was made before the caller has said a byte, to hear whether the
 * server speaks first. What it says is kept until a relay takes the connection over. On one event
 * loop with the caller's connection.
 */
public final class EarlyServer extends ChannelInboundHandlerAdapter {

  private final Channel channel;
  private final Runnable spoke;
  private final ArrayDeque<ByteBuf> kept = new ArrayDeque<>(2);
  private boolean over;

  private EarlyServer(Channel channel, Runnable spoke) {
    this.channel = channel;
    this.spoke = spoke;
  }

  /**
   * @param channel just connected; one read of it is kept at most
   * @param spoke run once, when the server speaks or ends the connection
   */
  public static EarlyServer listen(Channel channel, Runnable spoke) {
    EarlyServer server = new EarlyServer(channel, spoke);
    channel.pipeline().addLast(server);
    return server;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof ByteBuf bytes) {
      context.channel().config().setAutoRead(false);
      kept.add(bytes);
      heard();
    } else {
      context.fireChannelRead(message);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    heard();
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  private void heard() {
    if (!over) {
      over = true;
      spoke.run();
    }
  }

  /** Whether a relay can still have it. */
  public boolean usable() {
    return channel.isActive();
  }

  /** The caller turned out to want something else, or went away. */
  public void close() {
    over = true;
    release();
    channel.close();
  }

  /** Joins the connection to the relay, with what the server has said first. */
  public void joinTo(TcpRelay relay) {
    over = true;
    relay.join(channel, TcpRelay.Wire.PLAIN);
    ChannelHandlerContext here = channel.pipeline().context(this);
    if (here == null || relay.over()) {
      release();
      return;
    }
    boolean said = !kept.isEmpty();
    for (ByteBuf bytes = kept.poll(); bytes != null; bytes = kept.poll()) {
      here.fireChannelRead(bytes);
    }
    if (said) {
      here.fireChannelReadComplete();
    }
    channel.pipeline().remove(this);
  }

  private void release() {
    kept.forEach(ByteBuf::release);
    kept.clear();
  }
}
