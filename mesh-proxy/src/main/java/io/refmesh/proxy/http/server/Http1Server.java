package io.refmesh.proxy.http.server;

import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.HttpService;

/**
 * Serves HTTP/1 to the peer of one connection: one request at a time, read-ahead ones in their
 * order.
 */
public final class Http1Server {

  private Http1Server() {}

  /**
   * Adds codec and handler at the end of the pipeline; on the event loop. Bytes that were read
   * already are to be fired into the pipeline afterwards. The connection closes itself; closing it
   * from outside cancels its exchanges.
   */
  public static ServerConnection install(
      ChannelPipeline pipeline, HttpService service, Caller caller, ServerSettings settings) {
    return install(pipeline, service, caller, settings, Connects.NOBODYS);
  }

  /** The same for a proxy that its callers know: CONNECT may lead to another server. */
  public static ServerConnection install(
      ChannelPipeline pipeline,
      HttpService service,
      Caller caller,
      ServerSettings settings,
      Connects connects) {
    // A caller may end its side and wait for the answer.
    pipeline.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    ResponseEncoder encoder = new ResponseEncoder();
    Http1ServerHandler handler =
        new Http1ServerHandler(service, caller, settings, encoder, connects);
    pipeline.addLast(handler.decoder(), encoder, handler);
    return handler;
  }
}
