package io.refmesh.shop.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerExpectContinueHandler;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import java.time.Duration;
import java.util.List;

/**
 * Tells HTTP/2 with prior knowledge from HTTP/1.1 by the connection preface, then makes room for
 * it.
 */
final class ProtocolChoice extends ByteToMessageDecoder {
  private static final int HEAD_BYTES_MAX = 64 * 1024;
  private static final int STREAMS_MAX = 4096;
  private static final int STREAM_WINDOW_BYTES = 1 << 20;

  /** Netty's 200 per 30 s is little for a sidecar that cancels what its callers cancel. */
  private static final int RESETS_MAX = 100_000;

  private static final int RESETS_SECONDS = 30;

  private final App app;
  private final Duration drainTimeout;

  ProtocolChoice(App app, Duration drainTimeout) {
    this.app = app;
    this.drainTimeout = drainTimeout;
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    ByteBuf preface = Http2CodecUtil.connectionPrefaceBuf();
    try {
      int known = Math.min(in.readableBytes(), preface.readableBytes());
      if (!ByteBufUtil.equals(in, in.readerIndex(), preface, 0, known)) {
        http1(context.pipeline());
      } else if (known == preface.readableBytes()) {
        http2(context.pipeline());
      } else {
        return;
      }
    } finally {
      preface.release();
    }
    // What was read so far goes on to the handlers just added.
    context.pipeline().remove(this);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == Drain.BEGIN) {
      context.close();
      return;
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  private void http1(ChannelPipeline pipeline) {
    HttpDecoderConfig limits =
        new HttpDecoderConfig()
            .setMaxInitialLineLength(HEAD_BYTES_MAX)
            .setMaxHeaderSize(HEAD_BYTES_MAX);
    pipeline
        .addLast(new HttpServerCodec(limits))
        .addLast(new HttpServerExpectContinueHandler())
        .addLast(new RequestHandler(app));
  }

  private void http2(ChannelPipeline pipeline) {
    Http2FrameCodec codec =
        Http2FrameCodecBuilder.forServer()
            .initialSettings(
                new Http2Settings()
                    .maxConcurrentStreams(STREAMS_MAX)
                    .initialWindowSize(STREAM_WINDOW_BYTES)
                    .maxHeaderListSize(HEAD_BYTES_MAX))
            .decoderEnforceMaxRstFramesPerWindow(RESETS_MAX, RESETS_SECONDS)
            .encoderEnforceMaxRstFramesPerWindow(RESETS_MAX, RESETS_SECONDS)
            .gracefulShutdownTimeoutMillis(drainTimeout.toMillis())
            .build();
    pipeline
        .addLast(codec)
        .addLast(
            new Http2MultiplexHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel stream) {
                    stream
                        .pipeline()
                        .addLast(new Http2StreamFrameToHttpObjectCodec(true))
                        .addLast(new HttpServerExpectContinueHandler())
                        .addLast(new RequestHandler(app));
                  }
                }))
        .addLast(new Http2ConnectionEnd());
  }
}
