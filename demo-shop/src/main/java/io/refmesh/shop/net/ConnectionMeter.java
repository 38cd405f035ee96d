package io.refmesh.shop.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.AttributeKey;
import io.refmesh.shop.record.Traffic;

/**
 * Counts a connection and its bytes, and whether it carries anything but readiness probes.
 *
 * <p>Bytes are booked after the handlers behind have seen them, so that a whole probe is never
 * booked as the application's, not even for a moment.
 */
final class ConnectionMeter extends ChannelDuplexHandler {
  private static final AttributeKey<ConnectionMeter> KEY =
      AttributeKey.valueOf(ConnectionMeter.class, "meter");

  private final Traffic traffic;
  private Kind kind = Kind.UNBOOKED;
  private boolean probeSeen;
  private boolean requestSeen;
  private long booked;

  private enum Kind {
    UNBOOKED,
    PROBE,
    APPLICATION
  }

  ConnectionMeter(Traffic traffic, Channel channel) {
    this.traffic = traffic;
    channel.attr(KEY).set(this);
  }

  /** The meter of the connection that the channel is, or is a stream of. */
  static void sawProbe(Channel channel) {
    of(channel).probeSeen = true;
  }

  static void sawRequest(Channel channel) {
    of(channel).requestSeen = true;
  }

  private static ConnectionMeter of(Channel channel) {
    ConnectionMeter own = channel.attr(KEY).get();
    return own != null ? own : of(channel.parent());
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    traffic.opened();
    context.fireChannelActive();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    traffic.closed();
    context.fireChannelInactive();
    book(0);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    long bytes = ((ByteBuf) message).readableBytes();
    context.fireChannelRead(message);
    book(bytes);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes) {
      traffic.sent(bytes.readableBytes());
    }
    context.write(message, promise);
  }

  private void book(long bytes) {
    Kind now = probeSeen && !requestSeen ? Kind.PROBE : Kind.APPLICATION;
    if (kind == Kind.UNBOOKED) {
      if (now == Kind.PROBE) {
        traffic.probedOne();
      } else {
        traffic.acceptedOne();
      }
    } else if (kind != now) {
      if (now == Kind.PROBE) {
        traffic.wasProbe(booked);
      } else {
        traffic.wasNoProbe(booked);
      }
    }
    kind = now;
    booked += bytes;
    if (now == Kind.PROBE) {
      traffic.probed(bytes);
    } else {
      traffic.received(bytes);
    }
  }
}
