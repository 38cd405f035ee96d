package io.refmesh.proxy.http.server;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2Settings;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.GuardedHttp2Codec;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.QuietCodec;

/**
 * Serves HTTP/2 to the peer of one connection, with prior knowledge: the connection preface comes
 * first.
 */
public final class Http2Server {

  /** Heads of the greatest size that fit into what the codec decodes at all. */
  private static final int CODEC_HEADS = 8;

  private Http2Server() {}

  /**
   * Adds codec and handler at the end of the pipeline; on the event loop. Bytes that were read
   * already are to be fired into the pipeline afterwards. The connection closes itself; closing it
   * from outside cancels its exchanges.
   */
  public static ServerConnection install(
      ChannelPipeline pipeline, HttpService service, Caller caller, ServerSettings settings) {
    QuietCodec.quiet();
    // The handler applies the limit and says so in its answer; the codec's is there for what is far
    // too large.
    long headerBytes = (long) CODEC_HEADS * settings.headerBytes();
    GuardedHttp2Codec codec =
        GuardedHttp2Codec.server(
            Http2Settings.defaultSettings()
                .maxConcurrentStreams(settings.streams())
                .initialWindowSize(settings.streamWindow())
                .connectProtocolEnabled(true)
                .maxHeaderListSize(headerBytes),
            settings.http2(),
            caller.meshed(),
            Http2ServerHandler.tellsAll(caller, settings));
    Http2ServerHandler handler = new Http2ServerHandler(service, caller, settings, codec);
    pipeline.addLast(codec, handler);
    return handler;
  }
}
