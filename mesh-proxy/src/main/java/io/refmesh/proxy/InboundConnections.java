package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.accept.Accepted;
import io.refmesh.proxy.accept.Target;
import io.refmesh.proxy.detect.DetectHandler;
import io.refmesh.proxy.detect.DetectTimeouts;
import io.refmesh.proxy.detect.PortHint;
import io.refmesh.proxy.detect.Protocol;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Http2Limits;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.server.Http1Server;
import io.refmesh.proxy.http.server.Http2Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.policy.Decision;
import io.refmesh.proxy.relay.EarlyServer;
import io.refmesh.proxy.relay.TcpRelay;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.MeshAlpn;
import io.refmesh.proxy.tls.MeshTls;
import io.refmesh.proxy.tls.Secured;
import io.refmesh.proxy.tls.TlsPeers;
import io.refmesh.proxy.tls.TlsRefused;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The inbound path of a connection, in order: detect whether a sidecar calls; its TLS ends here.
 * HTTP goes to the stack in force request by request, everything else is relayed to the application
 * if the policy allows. On the event loop of the connection.
 */
final class InboundConnections {

  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

  /**
   * A sidecar begins with its ClientHello at once. For a caller of an opaque port that is silent
   * for so long the application is called, and whoever of the two speaks first says what the caller
   * is.
   */
  private static final Duration SILENT_CALLER = Duration.ofMillis(100);

  private final Supplier<@Nullable InboundStack> current;
  private final MeshTls tls;
  private final InboundRelays relays;
  private final ServerSettings http;
  private final Duration detectTimeout;
  private final DetectTimeouts detectTimeouts;
  private final ProxyMetrics metrics;
  private final TlsPeers peers;

  /**
   * @param current null before the first configuration
   */
  InboundConnections(
      Supplier<@Nullable InboundStack> current,
      MeshTls tls,
      InboundRelays relays,
      ProxyConfig.Limits limits,
      Http2Limits http2,
      TlsPeers peers,
      ProxyMetrics metrics,
      Ticker ticker) {
    this.current = current;
    this.peers = peers;
    this.tls = tls;
    this.relays = relays;
    this.metrics = metrics;
    http =
        ServerSettings.of(ServerSettings.Role.INBOUND, ticker)
            .withHeaders(limits.headerBytes(), limits.headerTimeout())
            .withStreams(limits.streams())
            .withHttp2(
                http2.tell(kind ->
                    metrics
                        .counter(ProxyMetric.HTTP2_FLOODS_TOTAL, "inbound", "src", kind)
                        .increment()));
    detectTimeout = limits.detectTimeout();
    detectTimeouts = new DetectTimeouts(ticker);
  }

  void accepted(Accepted connection, Target.Inbound target) {
    Caller stranger = new Caller(connection.peer(), Optional.empty(), false);
    InboundStack stack = current.get();
    AppProtocol declared = protocol(stack, target);
    boolean opaque = PortHint.opaque(declared, target.port());
    if (stack != null) {
      String service = stack.serviceName(target.port());
      int slash = service.indexOf('/');
      if (slash > 0) {
        connection.meter().serves(service.substring(0, slash), service.substring(slash + 1));
      }
    }
    // Who is refused without a certificate anyway need not be waited for in a hurry.
    boolean strangersMayCall =
        stack != null
            && !(stack.authorizer().connection(target.port(), stranger) instanceof Decision.Denied);
    Duration timeout = opaque && strangersMayCall ? SILENT_CALLER : detectTimeout;
    connection
        .channel()
        .pipeline()
        .addLast(
            new DetectHandler(
                timeout,
                new Detected(
                    connection,
                    target,
                    stranger,
                    opaque ? AppProtocol.OPAQUE : declared,
                    strangersMayCall)));
  }

  private static AppProtocol protocol(@Nullable InboundStack stack, Target.Inbound target) {
    AppProtocol told = stack == null ? AppProtocol.DETECT : stack.protocol(target.port());
    return told == AppProtocol.DETECT ? target.protocol() : told;
  }

  /** Asks for the stack in force with each request. */
  private HttpService http(int port) {
    return new HttpService() {
      @Override
      public void handle(Exchange exchange, Reply reply) {
        inForce(port).handle(exchange, reply);
      }

      @Override
      public void refused(Exchange exchange, Reply reply, Outcome.Failed why) {
        inForce(port).refused(exchange, reply, why);
      }
    };
  }

  /** TLS to a port that carries HTTP in clear is meant for the sidecar, if such peers may call. */
  private boolean endsHere(AppProtocol declared) {
    return peers == TlsPeers.STANDARD && PortHint.http(declared);
  }

  private HttpService inForce(int port) {
    InboundStack stack = current.get();
    return stack == null ? InboundStack.notReady() : stack.http(port);
  }

  private void serve(Channel channel, boolean http2, int port, Caller caller) {
    if (http2) {
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
      Http2Server.install(channel.pipeline(), http(port), caller, http);
    } else {
      Http1Server.install(channel.pipeline(), http(port), caller, http);
    }
  }

  private final class Detected implements DetectHandler.Next, MeshTls.Next {

    private final Accepted connection;
    private final Target.Inbound target;
    private final Caller stranger;
    private final AppProtocol declared;
    private final boolean strangersMayCall;
    private @Nullable EarlyServer early;

    Detected(
        Accepted connection,
        Target.Inbound target,
        Caller stranger,
        AppProtocol declared,
        boolean strangersMayCall) {
      this.strangersMayCall = strangersMayCall;
      this.connection = connection;
      this.target = target;
      this.stranger = stranger;
      this.declared = declared;
    }

    @Override
    public boolean waitsForTheServer(DetectHandler detecting) {
      if (declared != AppProtocol.OPAQUE || !strangersMayCall) {
        return false;
      }
      relays.callEarly(
          connection,
          target,
          server -> {
            early = server;
            connection.channel().closeFuture().addListener(closed -> dropEarly());
          },
          detecting);
      return true;
    }

    private void dropEarly() {
      EarlyServer server = early;
      early = null;
      if (server != null) {
        server.close();
      }
    }

    private void relay(Caller caller) {
      EarlyServer server = early;
      early = null;
      relays.begin(connection, TcpRelay.Wire.PLAIN, target, caller, server);
    }

    @Override
    public void detected(ChannelHandlerContext context, Protocol protocol) {
      Channel channel = connection.channel();
      if (protocol instanceof Protocol.Tls hello
          && (MeshAlpn.offeredIn(hello.applicationProtocols()) || endsHere(declared))) {
        dropEarly();
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        if (!tls.accept(channel.pipeline(), HANDSHAKE_TIMEOUT, this)) {
          metrics
              .counter(ProxyMetric.REFUSED_TOTAL, "inbound", MeshError.NOT_READY.code())
              .increment();
          connection.meter().broken(MeshError.NOT_READY.code());
          channel.close();
        }
        return;
      }
      connection.meter().name();
      switch (PortHint.served(declared, protocol)) {
        case Protocol.Http1 http1 -> serve(channel, false, target.port(), stranger);
        case Protocol.Http2 http2 -> serve(channel, true, target.port(), stranger);
        // The application's own TLS: its bytes are carried as they are.
        case Protocol.Tls hello -> relay(stranger);
        case Protocol.Opaque bytes -> relay(stranger);
      }
    }

    @Override
    public void secured(ChannelHandlerContext context, Secured what) {
      connection.meter().nameSecured();
      Caller caller = new Caller(connection.peer(), Optional.of(what.peer()), true);
      switch (what.protocol()) {
        case HTTP_2 -> serve(connection.channel(), true, target.port(), caller);
        case HTTP_1 -> serve(connection.channel(), false, target.port(), caller);
        case TCP -> relays.begin(connection, TcpRelay.Wire.FRAMED, target, caller, null);
      }
    }

    @Override
    public void refused(ChannelHandlerContext context, TlsRefused why) {
      connection.meter().broken(why.failure().text());
    }

    @Override
    public void endedWithoutByte(ChannelHandlerContext context) {
      context.close();
    }

    @Override
    public void timedOut(ChannelHandlerContext context, int bytesSeen) {
      if (declared == AppProtocol.OPAQUE || PortHint.http(declared)) {
        // Expected: nothing was to be detected but a sidecar; and the HTTP server has a limit of
        // its own.
        return;
      }
      String destination = Integer.toString(target.port());
      metrics.counter(ProxyMetric.DETECT_TIMEOUT_TOTAL, "inbound", destination).increment();
      detectTimeouts.timedOut("own port " + destination, bytesSeen, detectTimeout.toMillis());
    }
  }
}
