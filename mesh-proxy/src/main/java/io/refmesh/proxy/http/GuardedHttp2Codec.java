package io.refmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.model.error.MeshError;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Netty's codec of one HTTP/2 connection with what it leaves open: floods end the connection with
 * ENHANCE_YOUR_CALM, frames on closed streams are judged by who closed them, and the window of the
 * connection is returned as bytes arrive, so that one stream whose reader is slow holds up no
 * other.
 */
public final class GuardedHttp2Codec extends Http2FrameCodec {

  /**
   * So long what a flooding peer still sends is dropped before the connection is closed: closed at
   * once, with bytes unread, it would be a reset that overtakes the GOAWAY.
   */
  private static final long CLOSE_MILLIS = 1_000;

  /** What fits into the window before half of it is returned. */
  private static final float WINDOW_UPDATE_RATIO = 0.5f;

  /** Resets of ours that are remembered; after more, frames on closed streams are no mistake. */
  private static final int RESETS_REMEMBERED = 64;

  private final Http2Limits limits;
  private final FloodGuard guard;
  private final @Nullable Http2Headers tooLarge;
  private int @Nullable [] resetByUs;
  private int resetsByUs;
  private boolean flooded;

  private GuardedHttp2Codec(
      Http2ConnectionEncoder encoder,
      Http2ConnectionDecoder decoder,
      Http2Settings settings,
      Builder builder) {
    super(encoder, decoder, settings, true, true);
    limits = builder.limits;
    boolean server = connection().isServer();
    Long headBytes = settings.maxHeaderListSize();
    guard =
        new FloodGuard(
            limits,
            server,
            builder.sidecar ? limits.resetsOfSidecars() : limits.resets(),
            headBytes == null
                ? Integer.MAX_VALUE
                : (int) Math.min(headBytes + headBytes / 4, Integer.MAX_VALUE));
    tooLarge =
        server && builder.tellsAll
            ? new DefaultHttp2Headers(false)
                .status(Integer.toString(MeshError.HEADER_TOO_LARGE.httpStatus()))
                .set(MeshHeaders.ERROR, MeshError.HEADER_TOO_LARGE.code())
                .set("content-length", "0")
            : null;
  }

  /**
   * @param sidecar whether the peer has proved to be one
   * @param tellsAll whether errors are told with their code
   */
  public static GuardedHttp2Codec server(
      Http2Settings settings, Http2Limits limits, boolean sidecar, boolean tellsAll) {
    return new Builder(true, settings, limits, sidecar, tellsAll).build();
  }

  /**
   * @param sidecar whether the peer has proved to be one
   */
  public static GuardedHttp2Codec client(
      Http2Settings settings, Http2Limits limits, boolean sidecar) {
    return new Builder(false, settings, limits, sidecar, false).build();
  }

  // -- floods

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    if (flooded) {
      ReferenceCountUtil.release(message);
      return;
    }
    String kind = message instanceof ByteBuf bytes ? guard.read(bytes) : null;
    if (kind != null) {
      ReferenceCountUtil.release(message);
      cut(context, kind);
      return;
    }
    super.channelRead(context, message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message instanceof Http2DataFrame frame) {
      guard.written(frame.content().readableBytes());
    }
    super.write(context, message, promise);
  }

  private void cut(ChannelHandlerContext context, String kind) {
    flooded = true;
    limits.floods().flooded(kind);
    String why = "too many frames of the kind " + kind;
    context.fireExceptionCaught(
        Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "%s", why));
    // Not goAway(): that closes as soon as the frame is written.
    encoder()
        .frameWriter()
        .writeGoAway(
            context,
            connection().remote().lastStreamCreated(),
            Http2Error.ENHANCE_YOUR_CALM.code(),
            ByteBufUtil.writeAscii(context.alloc(), why),
            context.newPromise());
    context.flush();
    context.executor().schedule(() -> context.close(), CLOSE_MILLIS, TimeUnit.MILLISECONDS);
  }

  // -- frames on streams that are closed

  @Override
  public void onError(ChannelHandlerContext context, boolean outbound, Throwable cause) {
    if (flooded) {
      // The rest of what was read already; the verdict is given.
      return;
    }
    if (!outbound
        && Http2CodecUtil.getEmbeddedHttp2Exception(cause)
            instanceof Http2Exception.StreamException broken
        && !(broken instanceof Http2Exception.HeaderListSizeException)) {
      Http2Stream stream = connection().stream(broken.streamId());
      if (stream == null) {
        onUnknownStream(context, broken);
        return;
      }
      String kind = guard.provoked();
      if (kind != null) {
        cut(context, kind);
        return;
      }
      super.onError(context, false, headsAfterTheEnd(stream, broken) ? closed(broken) : cause);
      return;
    }
    super.onError(context, outbound, cause);
  }

  /**
   * What crosses a reset of ours is dropped (RFC 9113 §5.1); on a stream that ended otherwise, or
   * that was passed over, a peer has nothing to send.
   */
  private void onUnknownStream(
      ChannelHandlerContext context, Http2Exception.StreamException broken) {
    if (wasResetByUs(broken.streamId())) {
      return;
    }
    if (broken.error() == Http2Error.REFUSED_STREAM) {
      limits.streamsReached().run();
    }
    if (connection().isServer()
        && broken.error() == Http2Error.STREAM_CLOSED
        && resetsByUs <= RESETS_REMEMBERED) {
      super.onError(
          context,
          false,
          Http2Exception.connectionError(Http2Error.STREAM_CLOSED, "%s", broken.getMessage()));
      return;
    }
    super.onError(context, false, broken);
  }

  /** Netty calls it a mistake in the order of heads; it is one after the end (RFC 9113 §5.1). */
  private static boolean headsAfterTheEnd(
      Http2Stream stream, Http2Exception.StreamException broken) {
    return stream.state() == Http2Stream.State.HALF_CLOSED_REMOTE
        && String.valueOf(broken.getMessage()).contains("received too many headers");
  }

  private static Http2Exception closed(Http2Exception.StreamException broken) {
    return Http2Exception.streamError(
        broken.streamId(), Http2Error.STREAM_CLOSED, "%s", broken.getMessage());
  }

  @Override
  public ChannelFuture resetStream(
      ChannelHandlerContext context, int streamId, long errorCode, ChannelPromise promise) {
    if (resetByUs == null) {
      resetByUs = new int[RESETS_REMEMBERED];
    }
    resetByUs[resetsByUs++ % RESETS_REMEMBERED] = streamId;
    return super.resetStream(context, streamId, errorCode, promise);
  }

  private boolean wasResetByUs(int streamId) {
    if (resetByUs != null) {
      for (int id : resetByUs) {
        if (id == streamId) {
          return true;
        }
      }
    }
    return false;
  }

  // -- heads that are far too large

  @Override
  protected void handleServerHeaderDecodeSizeError(
      ChannelHandlerContext context, Http2Stream stream) {
    if (tooLarge == null) {
      super.handleServerHeaderDecodeSizeError(context, stream);
    } else {
      encoder().writeHeaders(context, stream.id(), tooLarge, 0, true, context.newPromise());
    }
  }

  /** Netty's own builder of a frame codec does not let the connection be given. */
  private static final class Builder
      extends AbstractHttp2ConnectionHandlerBuilder<GuardedHttp2Codec, Builder> {

    private final Http2Limits limits;
    private final boolean sidecar;
    private final boolean tellsAll;

    Builder(
        boolean server,
        Http2Settings settings,
        Http2Limits limits,
        boolean sidecar,
        boolean tellsAll) {
      this.limits = limits;
      this.sidecar = sidecar;
      this.tellsAll = tellsAll;
      Http2Connection connection = new DefaultHttp2Connection(server);
      connection
          .local()
          .flowController(
              new DefaultHttp2LocalFlowController(connection, WINDOW_UPDATE_RATIO, true));
      connection
          .remote()
          .flowController(
              new DefaultHttp2RemoteFlowController(connection, new StreamsInTurn(connection)));
      connection(connection);
      gracefulShutdownTimeoutMillis(0);
      initialSettings(settings);
      validateHeaders(true);
      validateRequiredPseudoHeaders(true);
      // A head too large for the peer is the peer's to refuse: it answers 431.
      encoderIgnoreMaxHeaderListSize(true);
      // The guard counts them, by kind.
      decoderEnforceMaxConsecutiveEmptyDataFrames(0);
      decoderEnforceMaxRstFramesPerWindow(0, 1);
      encoderEnforceMaxRstFramesPerWindow(0, 1);
      decoderEnforceMaxSmallContinuationFrames(Integer.MAX_VALUE);
    }

    @Override
    protected GuardedHttp2Codec build() {
      return super.build();
    }

    @Override
    protected GuardedHttp2Codec build(
        Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
      return new GuardedHttp2Codec(encoder, decoder, settings, this);
    }
  }
}
