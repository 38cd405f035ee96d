package io.refmesh.proxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.proxy.accept.HalfClosing;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Bytes both ways between two connections.
 *
 * <h2>Life</h2>
 *
 * It begins with the connection of the caller ({@link #begin}); what comes before the other
 * connection is there is kept, and reading pauses. {@link #join} brings the other connection. The
 * end of one direction is passed on as such; when both have ended, both connections close. If
 * either breaks, the other is reset: its peer must not take the cut for an end.
 *
 * <h2>Back-pressure</h2>
 *
 * A side is not read while the other has more bytes waiting to be written than its high water mark.
 *
 * <h2>Threading</h2>
 *
 * Both connections belong to one event loop; everything happens there.
 */
public final class TcpRelay {

  /** What travels inside a connection. */
  public enum Wire {
    /** Bytes as they are; the socket's own half close. */
    PLAIN,
    /** {@code refmesh/tcp} inside TLS. */
    FRAMED
  }

  /** Told once, when both connections are closed or will be. */
  public interface Listener {

    /**
     * @param error empty after a clean end of both directions
     */
    void closed(String error);
  }

  private final Side caller;
  private final Side endpoint = new Side();
  private final Listener listener;
  private final ChannelFutureListener cutWhenNotWritten =
      written -> {
        if (!written.isSuccess()) {
          cut(reason(written.cause()));
        }
      };
  private boolean over;

  private TcpRelay(Channel channel, Listener listener) {
    this.caller = new Side();
    this.caller.channel = channel;
    this.listener = listener;
  }

  /**
   * Puts the relay at the end of the caller's pipeline and pauses reading until the other
   * connection has joined.
   */
  public static TcpRelay begin(Channel channel, Wire wire, Listener listener) {
    TcpRelay relay = new TcpRelay(channel, listener);
    channel.config().setAutoRead(false);
    relay.add(channel.pipeline(), wire, relay.caller, relay.endpoint);
    return relay;
  }

  /**
   * Whether the caller has gone, or the relay has ended in another way: a connection made for it is
   * to be closed.
   */
  public boolean over() {
    return over;
  }

  /** Joins the connection to the endpoint, on the same event loop; from now on bytes flow. */
  public void join(Channel channel, Wire wire) {
    if (over) {
      HalfClosing.reset(channel);
      return;
    }
    endpoint.channel = channel;
    add(channel.pipeline(), wire, endpoint, caller);
    passOnKept(caller, channel);
    if (caller.inputEnded) {
      passOnEnd(caller, channel);
    }
    resume(caller, endpoint);
    resume(endpoint, caller);
  }

  /**
   * Resets both connections: no endpoint could be reached, or a policy forbids the connection now.
   */
  public void cut(String error) {
    if (over) {
      return;
    }
    over = true;
    caller.releaseKept();
    resetIfThere(caller);
    resetIfThere(endpoint);
    listener.closed(error);
  }

  private void add(ChannelPipeline pipeline, Wire wire, Side own, Side other) {
    // Frames say what ends; when a framed connection's socket ends, all of it does.
    pipeline.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, wire == Wire.PLAIN);
    // Closing is ours, see HalfClosing.
    pipeline.channel().config().setOption(ChannelOption.AUTO_CLOSE, false);
    pipeline.addLast(
        switch (wire) {
          case PLAIN -> new PlainEnds();
          case FRAMED -> new OpaqueFraming();
        });
    pipeline.addLast(new Reader(own, other));
  }

  /** Lets {@code source} be read as long as the other side takes what comes. */
  private static void resume(Side source, Side target) {
    if (source.channel != null && target.channel != null) {
      source.channel.config().setAutoRead(target.channel.isWritable());
    }
  }

  private void passOnKept(Side source, Channel target) {
    if (source.kept != null) {
      for (ByteBuf bytes = source.kept.poll(); bytes != null; bytes = source.kept.poll()) {
        target.write(bytes).addListener(cutWhenNotWritten);
      }
      source.kept = null;
      target.flush();
    }
  }

  private void ended(Side source, Side target) {
    if (source.inputEnded) {
      return;
    }
    source.inputEnded = true;
    if (target.channel != null) {
      passOnEnd(source, target.channel);
    }
  }

  private void passOnEnd(Side source, Channel target) {
    target
        .writeAndFlush(End.OF_DIRECTION)
        .addListener(
            (ChannelFutureListener)
                written -> {
                  if (written.isSuccess()) {
                    source.endPassedOn = true;
                    closeIfBothEnded();
                  } else {
                    cut(reason(written.cause()));
                  }
                });
  }

  private void closeIfBothEnded() {
    if (over || !caller.endPassedOn || !endpoint.endPassedOn) {
      return;
    }
    over = true;
    closeIfThere(caller);
    closeIfThere(endpoint);
    listener.closed("");
  }

  private static void closeIfThere(Side side) {
    if (side.channel != null) {
      HalfClosing.close(side.channel);
    }
  }

  private static void resetIfThere(Side side) {
    if (side.channel != null) {
      HalfClosing.reset(side.channel);
    }
  }

  static String reason(@Nullable Throwable cause) {
    String message = cause == null ? null : cause.getMessage();
    return message != null && message.contains("reset") ? "reset" : "broken";
  }

  /** One of the two connections. */
  private static final class Side {
    @Nullable Channel channel;
    @Nullable ArrayDeque<ByteBuf> kept;

    /** The peer sends no more. */
    boolean inputEnded;

    /** The other side's peer has been told so. */
    boolean endPassedOn;

    void keep(ByteBuf bytes) {
      if (kept == null) {
        kept = new ArrayDeque<>(2);
      }
      kept.add(bytes);
    }

    void releaseKept() {
      if (kept != null) {
        kept.forEach(ByteBuf::release);
        kept = null;
      }
    }
  }

  /** Reads one connection and writes to the other. */
  private final class Reader extends ChannelInboundHandlerAdapter {
    private final Side own;
    private final Side other;

    Reader(Side own, Side other) {
      this.own = own;
      this.other = other;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (!(message instanceof ByteBuf bytes)) {
        ReferenceCountUtil.release(message);
        return;
      }
      Channel target = other.channel;
      if (over) {
        bytes.release();
      } else if (target == null) {
        own.keep(bytes);
      } else {
        target.write(bytes).addListener(cutWhenNotWritten);
        if (!target.isWritable()) {
          context.channel().config().setAutoRead(false);
        }
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      if (other.channel != null) {
        other.channel.flush();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      resume(other, own);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event == End.OF_DIRECTION) {
        ended(own, other);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      // A peer that has said all and been told all may go while the other side is still taking its
      // bytes.
      if (!own.inputEnded || !other.endPassedOn) {
        cut("reset");
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      cut(reason(cause));
    }
  }
}
