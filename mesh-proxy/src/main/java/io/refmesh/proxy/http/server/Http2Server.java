package io.refmesh.proxy.http.server;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Settings;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.QuietCodec;

/**
 * Serves HTTP/2 to the peer of one connection, with prior knowledge: the connection preface comes
 * first.
 */
public final class Http2Server {

  private Http2Server() {}

  /**
   * Adds codec and handler at the end of the pipeline; on the event loop. Bytes that were read
   * already are to be fired into the pipeline afterwards. The connection closes itself; closing it
   * from outside cancels its exchanges.
   */
  public static ServerConnection install(
      ChannelPipeline pipeline, HttpService service, Caller caller, ServerSettings settings) {
    QuietCodec.quiet();
    int window = (int) settings.resetWindow().toSeconds();
    // The handler applies the limit and says so in its answer; the codec's counts 32 bytes more for
    // each field and is there for what
    // is far too large. Another sidecar has applied the limit already, and adds fields of its own.
    long headerBytes = (caller.meshed() ? 4L : 2L) * settings.headerBytes();
    Http2FrameCodec codec =
        Http2FrameCodecBuilder.forServer()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .maxConcurrentStreams(settings.streams())
                    .initialWindowSize(settings.streamWindow())
                    .connectProtocolEnabled(true)
                    .maxHeaderListSize(headerBytes))
            .validateHeaders(true)
            .validateRequiredPseudoHeaders(true)
            .decoderEnforceMaxRstFramesPerWindow(settings.resets(), window)
            .encoderEnforceMaxRstFramesPerWindow(settings.resets(), window)
            .encoderIgnoreMaxHeaderListSize(true)
            // close() shall close: the two steps of GOAWAY are Http2ServerHandler's.
            .decoupleCloseAndGoAway(true)
            .build();
    Http2ServerHandler handler = new Http2ServerHandler(service, caller, settings, codec);
    pipeline.addLast(codec, handler);
    return handler;
  }
}
