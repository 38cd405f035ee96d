package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.accept.Accepted;
import io.refmesh.proxy.accept.OncePerMinute;
import io.refmesh.proxy.accept.Target;
import io.refmesh.proxy.detect.DetectHandler;
import io.refmesh.proxy.detect.DetectTimeouts;
import io.refmesh.proxy.detect.PortHint;
import io.refmesh.proxy.detect.Protocol;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Http2Limits;
import io.refmesh.proxy.http.server.Http1Server;
import io.refmesh.proxy.http.server.Http2Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.MeshAlpn;
import java.time.Duration;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The outbound path of a connection, in order: detect what the application speaks; HTTP goes to the
 * service's stack request by request, everything else to one endpoint. On the event loop of the
 * connection.
 */
final class OutboundConnections {

  private static final Logger LOG = Logger.getLogger(OutboundConnections.class.getName());

  /** Who calls HTTP/2 may wait for our SETTINGS first; anything else speaks at once. */
  private static final Duration SILENT_CALLER = Duration.ofMillis(100);

  private final OutboundServices services;
  private final OutboundRelays relays;
  private final ServerSettings http;
  private final Duration detectTimeout;
  private final DetectTimeouts detectTimeouts;
  private final OncePerMinute lines;
  private final ProxyMetrics metrics;

  OutboundConnections(
      OutboundServices services,
      OutboundRelays relays,
      ProxyConfig.Limits limits,
      Http2Limits http2,
      ProxyMetrics metrics,
      Ticker ticker) {
    this.services = services;
    this.relays = relays;
    this.metrics = metrics;
    http =
        ServerSettings.of(ServerSettings.Role.OUTBOUND, ticker)
            .withHeaders(limits.headerBytes(), limits.headerTimeout())
            .withStreams(limits.streams())
            .withHttp2(
                http2.tell(kind ->
                    metrics
                        .counter(ProxyMetric.HTTP2_FLOODS_TOTAL, "outbound", "src", kind)
                        .increment()));
    detectTimeout = limits.detectTimeout();
    detectTimeouts = new DetectTimeouts(ticker);
    lines = new OncePerMinute(ticker);
  }

  /** How the application's requests are taken. */
  ServerSettings http() {
    return http;
  }

  void accepted(Accepted connection, Target.Outbound target) {
    Channel channel = connection.channel();
    OutboundServices.Service service = services.lease(target.service());
    channel.closeFuture().addListener(closed -> service.release());
    if (PortHint.opaque(target.protocol(), target.service().port())) {
      connection.meter().name();
      relays.begin(channel, service, Protocol.OPAQUE);
    } else {
      Duration timeout = PortHint.http2(target.protocol()) ? SILENT_CALLER : detectTimeout;
      channel
          .pipeline()
          .addLast(new DetectHandler(timeout, new Detected(connection, target, service)));
      // Paused while it was asked what the connection is for.
      channel.config().setAutoRead(true);
    }
  }

  private final class Detected implements DetectHandler.Next {

    private final Accepted connection;
    private final Target.Outbound target;
    private final OutboundServices.Service service;

    Detected(Accepted connection, Target.Outbound target, OutboundServices.Service service) {
      this.connection = connection;
      this.target = target;
      this.service = service;
    }

    @Override
    public void detected(ChannelHandlerContext context, Protocol protocol) {
      connection.meter().name();
      Channel channel = connection.channel();
      if (protocol instanceof Protocol.Tls hello
          && MeshAlpn.offeredIn(hello.applicationProtocols())) {
        // Only a sidecar begins like this, so an endpoint leads back to a listener for
        // applications.
        refuseLoop(context);
        return;
      }
      Caller application = new Caller(connection.peer(), Optional.empty(), false);
      switch (PortHint.served(target.protocol(), protocol)) {
        case Protocol.Http1 http1 ->
            Http1Server.install(channel.pipeline(), service.http(), application, http);
        case Protocol.Http2 http2 -> {
          channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
          Http2Server.install(channel.pipeline(), service.http(), application, http);
        }
        // The application encrypts by itself: its bytes are carried as they are.
        case Protocol.Tls tls -> relays.begin(channel, service, tls);
        case Protocol.Opaque opaque -> relays.begin(channel, service, opaque);
      }
    }

    @Override
    public void endedWithoutByte(ChannelHandlerContext context) {
      context.close();
    }

    private void refuseLoop(ChannelHandlerContext context) {
      metrics.counter(ProxyMetric.REFUSED_TOTAL, "outbound", MeshError.LOOP.code()).increment();
      connection.meter().broken(MeshError.LOOP.code());
      if (lines.due(service.id().toString())) {
        LOG.log(
            Level.WARNING,
            "connection refused: error=loop service={0} listener={1} (an endpoint leads to the"
                + " listener for applications)",
            new Object[] {service.id(), connection.channel().localAddress()});
      }
      context.close();
    }

    @Override
    public void timedOut(ChannelHandlerContext context, int bytesSeen) {
      if (PortHint.http(target.protocol())) {
        // The HTTP server has a time limit of its own for a head that does not come.
        return;
      }
      ServicePort id = service.id();
      Counter counter =
          metrics.counter(ProxyMetric.DETECT_TIMEOUT_TOTAL, "outbound", id.toString());
      counter.increment();
      detectTimeouts.timedOut(id.toString(), bytesSeen, detectTimeout.toMillis());
    }
  }
}
