package io.refmesh.proxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The inside of a {@code refmesh/tcp} connection: bytes in frames, so that each direction can end
 * by itself and a connection that was cut is told from one that ended (the TLS engine knows only
 * the end of both).
 *
 * <pre>
 * +-----------------+------------------------+
 * |  length (2)     |  payload (length)      |      length 1 to 65,535, big endian
 * +-----------------+------------------------+
 * |  0     0        |                               the end of this direction; nothing follows
 * +-----------------+
 * </pre>
 *
 * A connection that closes before the frame of length 0 was reset.
 */
final class OpaqueFraming extends ChannelDuplexHandler {

  static final int PAYLOAD_BYTES_MAX = 65_535;

  private static final int HEADER_BYTES = 2;

  /** Payload bytes of the present frame still to come; 0 between frames. */
  private int left;

  /** First byte of a header whose second byte has not come; -1 for none. */
  private int headerByte = -1;

  private boolean ended;
  private boolean sentEnd;

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws IOException {
    if (!(message instanceof ByteBuf bytes)) {
      context.fireChannelRead(message);
      return;
    }
    try {
      while (bytes.isReadable()) {
        if (ended) {
          throw new IOException("the peer sent bytes after the end of its direction");
        }
        if (left > 0) {
          int length = Math.min(left, bytes.readableBytes());
          left -= length;
          context.fireChannelRead(bytes.readRetainedSlice(length));
        } else {
          readHeader(context, bytes);
        }
      }
    } finally {
      bytes.release();
    }
  }

  private void readHeader(ChannelHandlerContext context, ByteBuf bytes) {
    if (headerByte < 0) {
      headerByte = bytes.readUnsignedByte();
      return;
    }
    left = headerByte << 8 | bytes.readUnsignedByte();
    headerByte = -1;
    if (left == 0) {
      ended = true;
      context.fireUserEventTriggered(End.OF_DIRECTION);
    }
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message == End.OF_DIRECTION) {
      sentEnd = true;
      context.write(header(context, 0), promise);
    } else if (message instanceof ByteBuf bytes && !sentEnd) {
      writeFrames(context, bytes, promise);
    } else {
      context.write(message, promise);
    }
  }

  private static void writeFrames(
      ChannelHandlerContext context, ByteBuf bytes, ChannelPromise promise) {
    if (!bytes.isReadable()) {
      bytes.release();
      context.write(Unpooled.EMPTY_BUFFER, promise);
      return;
    }
    while (bytes.readableBytes() > PAYLOAD_BYTES_MAX) {
      writeFrame(context, bytes.readRetainedSlice(PAYLOAD_BYTES_MAX), null);
    }
    writeFrame(context, bytes, promise);
  }

  private static void writeFrame(
      ChannelHandlerContext context, ByteBuf payload, @Nullable ChannelPromise promise) {
    context.write(header(context, payload.readableBytes()));
    if (promise == null) {
      context.write(payload);
    } else {
      context.write(payload, promise);
    }
  }

  private static ByteBuf header(ChannelHandlerContext context, int length) {
    return context.alloc().buffer(HEADER_BYTES, HEADER_BYTES).writeShort(length);
  }
}
