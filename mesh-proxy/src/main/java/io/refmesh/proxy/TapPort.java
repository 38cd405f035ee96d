package io.refmesh.proxy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.accept.SidePort;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.server.Http2Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.MeshAlpn;
import io.refmesh.proxy.tls.MeshTls;
import io.refmesh.proxy.tls.Secured;
import io.refmesh.proxy.tls.TlsRefused;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * The port on which taps are served: mutual TLS with certificates of the mesh, HTTP/2 inside. On
 * the side loop, so that watching costs traffic as little as possible.
 */
final class TapPort {

  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

  private static final int CONNECTIONS_MAX = 16;

  private TapPort() {}

  /** Listens on the address, or throws with the address in the message. */
  static SidePort start(
      HostPort address,
      EventLoopGroup loops,
      Transport transport,
      MeshTls tls,
      HttpService service,
      ProxyMetrics metrics,
      Ticker ticker)
      throws IOException {
    ServerSettings settings = ServerSettings.of(ServerSettings.Role.INBOUND, ticker);
    return SidePort.bind(
        "tap",
        address,
        loops,
        transport.listeners(),
        CONNECTIONS_MAX,
        metrics,
        connection -> {
          transport.prepare(connection);
          // Without a certificate there is nobody who could be trusted, nor proved to.
          if (!tls.accept(
              connection.pipeline(), HANDSHAKE_TIMEOUT, new Handshake(service, settings))) {
            connection.close();
          }
        });
  }

  private record Handshake(HttpService service, ServerSettings settings) implements MeshTls.Next {

    @Override
    public void secured(ChannelHandlerContext context, Secured what) {
      if (what.protocol() != MeshAlpn.HTTP_2) {
        context.close();
        return;
      }
      Caller caller =
          new Caller(
              (InetSocketAddress) context.channel().remoteAddress(),
              Optional.of(what.peer()),
              true);
      Http2Server.install(context.pipeline(), service, caller, settings);
    }

    @Override
    public void refused(ChannelHandlerContext context, TlsRefused why) {}
  }
}
