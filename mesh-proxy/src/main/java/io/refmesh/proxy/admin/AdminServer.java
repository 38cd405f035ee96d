package io.refmesh.proxy.admin;

import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.handler.codec.compression.StandardCompressionOptions;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.accept.SidePort;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.io.IOException;

/** The admin port: plain HTTP/1 for people, kubelets, Prometheus and the command line. */
public final class AdminServer {

  /** Requests have no bodies to speak of: a log level. */
  private static final int BODY_BYTES_MAX = 1024;

  /** Smaller answers are not worth compressing. */
  private static final int COMPRESS_FROM_BYTES = 1024;

  private static final int IDLE_SECONDS = 60;

  /** A handful of scrapers and people; more is a mistake somewhere. */
  private static final int CONNECTIONS_MAX = 64;

  private AdminServer() {}

  /**
   * Listens on the address, or throws with the address in the message.
   *
   * @param loop one loop that carries no traffic; stays the caller's
   */
  public static SidePort start(
      HostPort address,
      EventLoopGroup loop,
      ChannelFactory<? extends ServerChannel> listeners,
      AdminState state,
      ProxyMetrics metrics)
      throws IOException {
    AdminHandler handler = new AdminHandler(state, metrics);
    return SidePort.bind(
        "admin",
        address,
        loop,
        listeners,
        CONNECTIONS_MAX,
        metrics,
        connection ->
            connection
                .pipeline()
                .addLast(new ReadTimeoutHandler(IDLE_SECONDS))
                .addLast(new HttpServerCodec())
                .addLast(new HttpServerKeepAliveHandler())
                .addLast(
                    new HttpContentCompressor(
                        COMPRESS_FROM_BYTES, StandardCompressionOptions.gzip()))
                .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                .addLast(handler));
  }
}
