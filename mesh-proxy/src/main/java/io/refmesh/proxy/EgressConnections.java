package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.accept.Accepted;
import io.refmesh.proxy.accept.HalfClosing;
import io.refmesh.proxy.accept.OncePerMinute;
import io.refmesh.proxy.detect.DetectHandler;
import io.refmesh.proxy.detect.PortHint;
import io.refmesh.proxy.detect.Protocol;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.client.Upstream;
import io.refmesh.proxy.http.client.Upstreams;
import io.refmesh.proxy.http.server.Http1Server;
import io.refmesh.proxy.http.server.Http2Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.policy.AuthorizationMeters;
import io.refmesh.proxy.policy.Decision;
import io.refmesh.proxy.policy.EgressRules;
import io.refmesh.proxy.policy.StripMeshHeaders;
import io.refmesh.proxy.resilience.DeadlineLayer;
import io.refmesh.proxy.resilience.RouteMeters;
import io.refmesh.proxy.telemetry.ExchangeObserver;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.telemetry.RequestMetricsLayer;
import io.refmesh.proxy.telemetry.RequestTarget;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Connections to places outside the mesh, allowed or refused: as a whole where the address decides,
 * else by what is spoken: HTTP request by request, TLS by the server name, anything else by the
 * address alone. On the event loop of the connection.
 */
final class EgressConnections {

  private static final Logger LOG = Logger.getLogger(EgressConnections.class.getName());

  /** An application that tries every port must not fill our memory with counters. */
  private static final int PORTS_MAX = 1024;

  private final Supplier<Optional<EgressRules>> current;
  private final OutsideRelays relays;
  private final Upstreams upstreams;
  private final AuthorizationMeters decisions;
  private final ServerSettings http;
  private final Duration detectTimeout;
  private final ProxyMetrics metrics;
  private final OncePerMinute lines;
  private final Ticker ticker;
  private final List<ExchangeObserver> observers;
  private final Duration idleTimeout;
  private final Map<Integer, Layer> ports = new ConcurrentHashMap<>();

  /**
   * @param current empty when everything may be called
   * @param idleTimeout how long a body may pause; zero for none
   */
  EgressConnections(
      Supplier<Optional<EgressRules>> current,
      OutsideRelays relays,
      Upstreams upstreams,
      ServerSettings http,
      Duration detectTimeout,
      Duration idleTimeout,
      ProxyMetrics metrics,
      List<ExchangeObserver> observers,
      Ticker ticker) {
    this.current = current;
    this.relays = relays;
    this.upstreams = upstreams;
    this.metrics = metrics;
    this.observers = observers;
    this.ticker = ticker;
    decisions = AuthorizationMeters.outbound(metrics);
    this.http = http;
    this.detectTimeout = detectTimeout;
    this.idleTimeout = idleTimeout;
    lines = new OncePerMinute(ticker);
  }

  void begin(Accepted connection, HostPort address) {
    Optional<EgressRules> rules = current.get();
    if (rules.isEmpty()) {
      relays.begin(connection, address);
      return;
    }
    Optional<Decision.Allowed> anyway = rules.get().anyway(address);
    if (anyway.isPresent()) {
      decisions.count(anyway.get());
      relays.begin(connection, address);
    } else if (PortHint.opaque(AppProtocol.DETECT, address.port())) {
      decide(connection, address, "");
    } else {
      connection.channel().config().setAutoRead(true);
      connection
          .channel()
          .pipeline()
          .addLast(new DetectHandler(detectTimeout, new Detected(connection, address)));
    }
  }

  /** Of a connection that is not HTTP. */
  private void decide(Accepted connection, HostPort address, String name) {
    Decision decision =
        current
            .get()
            .map(rules -> rules.decide(name, address))
            .orElse(new Decision.Allowed("no policy"));
    decisions.count(decision);
    if (decision instanceof Decision.Denied(String policy, String reason)) {
      refuse(connection, address, "policy " + policy + ": " + reason);
    } else {
      relays.begin(connection, address);
    }
  }

  private void refuse(Accepted connection, HostPort address, String why) {
    String code = MeshError.DENIED.code();
    metrics.counter(ProxyMetric.REFUSED_TOTAL, "outbound", code).increment();
    connection.meter().name();
    connection.meter().broken(code);
    if (lines.due(address.toString())) {
      LOG.log(
          Level.WARNING,
          "connection out of the mesh refused: error=denied address={0} ({1})",
          new Object[] {address, why});
    }
    HalfClosing.reset(connection.channel());
  }

  /** What the requests to a port go through, in this order, before they are decided. */
  private Layer layers(int port) {
    if (ports.size() >= PORTS_MAX && !ports.containsKey(port)) {
      metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "outside ports").increment();
      Outcome.Failed tooMany =
          Outcome.Failed.before(
              MeshError.OVERLOADED,
              "requests went to " + PORTS_MAX + " ports outside the mesh already");
      return next -> (exchange, reply) -> reply.done(tooMany);
    }
    return ports.computeIfAbsent(
        port,
        number -> {
          Layer counted =
              new RequestMetricsLayer(
                  new RequestTarget.Outside(number), metrics, ticker, observers);
          Layer timed =
              new DeadlineLayer(
                  new Timeouts(Duration.ZERO, Duration.ZERO, idleTimeout),
                  ticker,
                  RouteMeters.outside(metrics, number));
          return next -> counted.wrap(new StripMeshHeaders().wrap(timed.wrap(next)));
        });
  }

  private final class Detected implements DetectHandler.Next {

    private final Accepted connection;
    private final HostPort address;

    Detected(Accepted connection, HostPort address) {
      this.connection = connection;
      this.address = address;
    }

    @Override
    public void detected(ChannelHandlerContext context, Protocol protocol) {
      Channel channel = connection.channel();
      if (!channel.isActive()) {
        return;
      }
      switch (protocol) {
        case Protocol.Http1 http1 ->
            Http1Server.install(channel.pipeline(), serve(), caller(), http);
        case Protocol.Http2 http2 ->
            Http2Server.install(channel.pipeline(), serve(), caller(), http);
        case Protocol.Tls hello -> decide(connection, address, hello.serverName().orElse(""));
        case Protocol.Opaque bytes -> decide(connection, address, "");
      }
    }

    @Override
    public void endedWithoutByte(ChannelHandlerContext context) {
      context.close();
    }

    @Override
    public void timedOut(ChannelHandlerContext context, int bytesSeen) {
      // Decided by the address, as what follows says.
    }

    private Caller caller() {
      return new Caller(connection.peer(), Optional.empty(), false);
    }

    /** The connections to the place belong to the one from the application, and end with it. */
    private HttpService serve() {
      Channel channel = connection.channel();
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
      connection.meter().name();
      EndpointSpec there = new EndpointSpec(address, address, Optional.empty(), "", 1, true, "", 0);
      Upstream upstream =
          upstreams.open(there, AppProtocol.DETECT, BackendSettings.DEFAULT, channel.eventLoop());
      channel.closeFuture().addListener(closed -> upstream.close());
      HttpService decided =
          (exchange, reply) -> {
            Decision decision =
                current
                    .get()
                    .map(rules -> rules.decide(exchange.request().authority(), address))
                    .orElse(new Decision.Allowed("no policy"));
            decisions.count(decision);
            if (decision instanceof Decision.Denied(String policy, String reason)) {
              reply.done(
                  Outcome.Failed.before(MeshError.DENIED, "policy " + policy + ": " + reason));
            } else {
              exchange.endpoint(there);
              upstream.handle(exchange, reply);
            }
          };
      return layers(address.port()).wrap(decided);
    }
  }
}
