package io.refmesh.proxy.http.server;

import io.netty.channel.ChannelPipeline;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.HttpService;

/** Serves HTTP/2 to the peer of one connection. */
public final class Http2Server {

  private Http2Server() {}

  /**
   * Adds codec and handler at the end of the pipeline; on the event loop. Bytes that were read already are to be fired into the
   * pipeline afterwards. The connection closes itself; closing it from outside cancels its exchanges.
   */
  public static ServerConnection install(
      ChannelPipeline pipeline, HttpService service, Caller caller, ServerSettings settings) {
    throw new UnsupportedOperationException(pipeline + " " + service + " " + caller + " " + settings);
  }
}
