package io.refmesh.proxy.detect;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the first bytes of a connection until it is known what they are, then hands the connection
 * to {@link Next}, takes itself out of the pipeline and passes the bytes on as they came. After the
 * timeout the connection is opaque.
 */
public final class DetectHandler extends ChannelInboundHandlerAdapter {

  /** The steps that follow, on the event loop of the connection. */
  public interface Next {

    /**
     * Puts the handlers of {@code protocol} behind {@code context}; the bytes kept follow when this
     * returns.
     */
    void detected(ChannelHandlerContext context, Protocol protocol);

    /** The peer closed its side before it sent a byte: nothing is to be opened for it. */
    void endedWithoutByte(ChannelHandlerContext context);

    /** No decision within the timeout; {@link #detected} follows with opaque. */
    void timedOut(ChannelHandlerContext context, int bytesSeen);

    /**
     * The timeout passed without a byte. Whether to go on waiting for one, without a limit, until
     * {@link DetectHandler#serverSpoke}: then {@link #timedOut} is not told.
     */
    default boolean waitsForTheServer(DetectHandler detecting) {
      return false;
    }
  }

  private final Duration timeout;
  private final Next next;
  private @Nullable ByteBuf kept;
  private @Nullable ScheduledFuture<?> timer;
  private @Nullable ChannelHandlerContext contextOrNull;
  private boolean decided;

  /**
   * @param timeout zero for none
   */
  public DetectHandler(Duration timeout, Next next) {
    this.timeout = timeout;
    this.next = next;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    contextOrNull = context;
    if (timeout.isPositive()) {
      timer =
          context
              .executor()
              .schedule(() -> timeOut(context), timeout.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (decided || !(message instanceof ByteBuf bytes)) {
      context.fireChannelRead(message);
      return;
    }
    if (kept == null) {
      kept = bytes;
    } else {
      // At most BYTES_MAX and one read: the copies of a peer that sends byte by byte stay small.
      kept = append(context, kept, bytes);
    }
    Optional<Protocol> protocol = ProtocolDetector.peek(kept);
    if (protocol.isPresent()) {
      decide(context, protocol.get());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent && !decided) {
      ended(context);
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (!decided && kept == null) {
      ended(context);
    }
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset while nothing is decided: there is nobody to tell.
    context.close();
  }

  /** Whether the peer has not sent a byte yet. */
  public boolean silent() {
    return !decided && kept == null;
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    decided = true;
    stopTimer();
    if (kept != null) {
      kept.release();
      kept = null;
    }
  }

  private void ended(ChannelHandlerContext context) {
    if (kept == null) {
      decided = true;
      stopTimer();
      next.endedWithoutByte(context);
    } else {
      decide(context, Protocol.OPAQUE);
    }
  }

  /** The server has said something to a caller that has said nothing: the connection is opaque. */
  public void serverSpoke() {
    ChannelHandlerContext context = contextOrNull;
    if (silent() && context != null) {
      decide(context, Protocol.OPAQUE);
    }
  }

  private void timeOut(ChannelHandlerContext context) {
    timer = null;
    if (silent() && next.waitsForTheServer(this)) {
      return;
    }
    if (!decided) {
      next.timedOut(context, kept == null ? 0 : kept.readableBytes());
      decide(context, Protocol.OPAQUE);
    }
  }

  private void decide(ChannelHandlerContext context, Protocol protocol) {
    decided = true;
    stopTimer();
    next.detected(context, protocol);
    ByteBuf first = kept;
    kept = null;
    if (first != null) {
      context.fireChannelRead(first);
      context.fireChannelReadComplete();
    }
    if (!context.isRemoved()) {
      context.pipeline().remove(this);
    }
  }

  private static ByteBuf append(ChannelHandlerContext context, ByteBuf head, ByteBuf tail) {
    ByteBuf whole =
        head.isWritable(tail.readableBytes())
            ? head
            : context
                .alloc()
                .buffer(2 * (head.readableBytes() + tail.readableBytes()))
                .writeBytes(head);
    if (whole != head) {
      head.release();
    }
    whole.writeBytes(tail);
    tail.release();
    return whole;
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }
}
