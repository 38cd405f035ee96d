package io.refmesh.proxy;

import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.proxy.accept.Accepted;
import io.refmesh.proxy.accept.ConfiguredDestinations;
import io.refmesh.proxy.accept.ConnectionLimit;
import io.refmesh.proxy.accept.ConnectionMeter;
import io.refmesh.proxy.accept.Listener;
import io.refmesh.proxy.accept.OriginalDestination;
import io.refmesh.proxy.accept.RedirectedDestinations;
import io.refmesh.proxy.accept.SidePort;
import io.refmesh.proxy.accept.Target;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.admin.AdminServer;
import io.refmesh.proxy.admin.AdminState;
import io.refmesh.proxy.admin.ConfigDump;
import io.refmesh.proxy.control.ControlListener;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.BufferedBytes;
import io.refmesh.proxy.http.Http2Limits;
import io.refmesh.proxy.http.client.ClientSettings;
import io.refmesh.proxy.http.client.ConnectionPools;
import io.refmesh.proxy.policy.AuthorizationMeters;
import io.refmesh.proxy.policy.EgressRules;
import io.refmesh.proxy.policy.RateLimits;
import io.refmesh.proxy.relay.Dialer;
import io.refmesh.proxy.resilience.FaultSlots;
import io.refmesh.proxy.tap.TapService;
import io.refmesh.proxy.telemetry.FlightRecorder;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.MeshTls;
import io.refmesh.proxy.tls.TlsContexts;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One sidecar: builds every part once, in the order of the traffic, and holds what has to be
 * closed. Several may live in one JVM.
 *
 * <p>After {@link #start} connections are taken; nothing is served before the control plane has
 * given a certificate and a configuration.
 */
final class Proxy implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Proxy.class.getName());

  private static final long READY_LOOK_MILLIS = 20;

  /** Everything outside the process. */
  record Surroundings(
      Transport transport, Ticker ticker, InstantSource clock, long seed, OutputStream accessLog) {}

  private final ProxyConfig config;
  private final Ticker ticker;
  private final InstantSource clock;
  private final long builtNanos;
  private final ProxyMetrics metrics;
  private final EventLoopGroup loops;
  private final EventLoopGroup sideLoops;
  private final Transport transport;
  private final TlsContexts contexts;
  private final MeshTls tls;
  private final Observers observers;
  private final EndpointRegistry endpoints;
  private final OutboundStack stacks;
  private final Control control;
  private final OutboundServices services;
  private final HttpProxyConnections httpProxy;
  private final OutboundAddresses addresses;
  private final ApplicationCalls application;
  private final InboundStack.Parts inboundParts;
  private final InboundRelays inboundRelays;
  private final Listeners listeners;
  private final Draining draining;
  private final ChannelGroup inbound = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
  private final ChannelGroup outbound = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile @Nullable InboundStack inboundStack;
  private volatile Optional<EgressRules> egress = Optional.empty();
  private volatile @Nullable SidePort admin;
  private volatile @Nullable SidePort tap;

  Proxy(ProxyConfig config, Control.Factory controls, Surroundings surroundings) {
    this.config = config;
    transport = surroundings.transport();
    ticker = surroundings.ticker();
    clock = surroundings.clock();
    builtNanos = ticker.nanoTime();
    ProxyConfig.Limits limits = config.limits();
    metrics = new ProxyMetrics(ticker, limits.series());
    loops = transport.loops(config.eventLoops(), "traffic");
    sideLoops = transport.loops(1, "side");
    EventLoop timers = sideLoops.next();
    LoopRandom random = new LoopRandom(surroundings.seed());

    // Of all HTTP/2 peers.
    BufferedBytes buffered =
        new BufferedBytes(limits.bufferedBytes(), () -> reached("REFMESH_BUFFERED_BYTES"));
    Http2Limits http2 =
        Http2Limits.of(
            limits.floodFrames(), ticker, kind -> {}, buffered, () -> reached("REFMESH_STREAMS"));
    observers =
        new Observers(
            config, surroundings, new Observers.Parts(sideLoops, transport, random, metrics));

    // Towards peers.
    contexts = new TlsContexts(config.clockSkew(), surroundings.clock(), config.peers());
    tls = new MeshTls(contexts, metrics, ticker);
    SidecarConnections secure = new SidecarConnections(tls, config.peers());
    Dialer dialer = new Dialer(transport, metrics);
    ConnectionPools upstreams =
        new ConnectionPools(
            secure,
            transport.connections(),
            (pipeline, endpoint) -> prepare(pipeline, "outbound", endpoint),
            client(http2, "outbound"),
            ticker,
            random);
    endpoints =
        new EndpointRegistry(
            ticker, random, upstreams, metrics, config.zone(), config.ownAddress());

    // From the control plane.
    control =
        controls.create(
            new Told(),
            new Control.Parts(sideLoops, transport, ticker, surroundings.clock(), random, metrics));

    FaultSlots faults = new FaultSlots(ticker, surroundings.clock(), metrics);

    // The outbound path.
    stacks = new OutboundStack(ticker, random, endpoints, faults, metrics);
    services = new OutboundServices(control, stacks, metrics, ticker, observers.all(), timers);
    OutboundConnections outboundConnections =
        new OutboundConnections(
            services,
            new OutboundRelays(dialer, tls, ticker, metrics),
            limits,
            http2,
            metrics,
            ticker);
    addresses = new OutboundAddresses(control, metrics, timers);
    CapturedConnections capturedConnections =
        new CapturedConnections(
            addresses,
            outboundConnections,
            new EgressConnections(
                () -> egress,
                new OutsideRelays(dialer, ticker, metrics),
                upstreams,
                outboundConnections.http(),
                limits.detectTimeout(),
                limits.idleTimeout(),
                metrics,
                observers.all(),
                ticker),
            metrics,
            ticker);

    httpProxy =
        new HttpProxyConnections(
            services, outboundConnections, () -> egress, config, metrics, ticker);

    // The inbound path.
    application =
        new ApplicationCalls(
            config,
            new ConnectionPools(
                secure,
                transport.connections(),
                (pipeline, endpoint) -> prepare(pipeline, "inbound", endpoint),
                client(http2, "inbound"),
                ticker,
                random));
    AuthorizationMeters authorizations = new AuthorizationMeters(metrics);
    inboundParts =
        new InboundStack.Parts(
            config,
            application,
            authorizations,
            new RateLimits(ticker, metrics),
            faults,
            random,
            metrics,
            ticker,
            observers.all());
    inboundRelays =
        new InboundRelays(() -> inboundStack, application, dialer, authorizations, metrics, ticker);
    InboundConnections inboundConnections =
        new InboundConnections(
            () -> inboundStack, tls, inboundRelays, limits, http2, config.peers(), metrics, ticker);

    // What both begin with.
    ConfiguredDestinations destinations = new ConfiguredDestinations();
    Listener listener =
        new Listener(
            loops,
            transport,
            originalDestination(config, destinations),
            new ConnectionLimit(limits.connections()),
            metrics,
            ticker,
            connection ->
                accepted(connection, inboundConnections, outboundConnections, capturedConnections));
    listeners = new Listeners(listener, destinations, config, timers);
    draining = new Draining(config, listeners, inbound, outbound, timers, ticker);
  }

  /**
   * Binds the ports and begins to ask the control plane; throws with the address in the message.
   */
  void start() throws IOException {
    observers.start();
    listeners.bind();
    if (config.httpProxy().isPresent()) {
      listeners.bindHttpProxy(config.httpProxy().get());
    }
    admin =
        AdminServer.start(config.admin(), sideLoops, transport.listeners(), new Admin(), metrics);
    if (config.telemetry().tap().isPresent()) {
      tap = tapPort(config.telemetry().tap().get());
    }
    control.start();
    sideLoops.execute(this::tellWhenReady);
    LOG.log(
        Level.INFO,
        "proxy started: workload={0}/{1}/{2} admin={3} inbound={4} ports={5} loops={6}"
            + " transport={7}",
        new Object[] {
          config.namespace(),
          config.workload(),
          Integer.toString(config.replica()),
          adminAddress(),
          config.inbound(),
          config.ports().keySet(),
          Integer.toString(config.eventLoops()),
          transport
        });
  }

  /** Where the admin port is; a real port also when 0 was asked for. */
  HostPort adminAddress() {
    SidePort server = admin;
    return server == null ? config.admin() : server.address();
  }

  /** Where taps are served; a real port also when 0 was asked for. */
  Optional<HostPort> tapAddress() {
    return Optional.ofNullable(tap).map(SidePort::address);
  }

  ProxyMetrics metrics() {
    return metrics;
  }

  /** What is known of the endpoints that it calls. */
  EndpointRegistry endpoints() {
    return endpoints;
  }

  /** Begins to drain, once; completes when nothing is left, or at the timeout. */
  CompletionStage<Void> drain() {
    return draining.begin();
  }

  /** Completes when a drain that anybody began is over. */
  CompletionStage<Void> drained() {
    return draining.over();
  }

  /** What it waits for before it can take traffic, a sentence each. */
  List<String> notReady() {
    List<String> missing = new ArrayList<>(control.missing());
    if (contexts.certificate().isEmpty()
        && missing.stream().noneMatch(text -> text.startsWith("certificate"))) {
      missing.add("certificate: none that could be used");
    }
    missing.addAll(listeners.problems());
    if (draining.begun()) {
      missing.add("draining");
    }
    return missing;
  }

  /** Stops at once: connections are cut. After {@link #drain} there are none. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    listeners.close();
    SidePort server = admin;
    if (server != null) {
      server.close();
    }
    SidePort taps = tap;
    if (taps != null) {
      taps.close();
    }
    control.close();
    inbound.close().awaitUninterruptibly();
    outbound.close().awaitUninterruptibly();
    addresses.close();
    services.close();
    endpoints.close();
    application.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    sideLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    contexts.close();
    observers.close();
  }

  private static OriginalDestination originalDestination(
      ProxyConfig config, ConfiguredDestinations configured) {
    return switch (config.capture()) {
      case ProxyConfig.Capture.Addresses addresses -> configured;
      case ProxyConfig.Capture.Redirect(int outboundPort, int inboundPort) ->
          new RedirectedDestinations(
              outboundPort,
              Set.of(outboundPort, inboundPort, config.admin().port()),
              config.ports());
    };
  }

  private void accepted(
      Accepted connection,
      InboundConnections toApplication,
      OutboundConnections fromApplication,
      CapturedConnections captured) {
    switch (connection.target()) {
      case Target.Inbound target -> {
        inbound.add(connection.channel());
        toApplication.accepted(connection, target);
      }
      case Target.Outbound target -> {
        outbound.add(connection.channel());
        fromApplication.accepted(connection, target);
      }
      case Target.Named target -> {
        outbound.add(connection.channel());
        httpProxy.accepted(connection);
      }
      case Target.Captured target -> {
        outbound.add(connection.channel());
        captured.accepted(connection, target);
      }
    }
  }

  private void reached(String limit) {
    metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, limit).increment();
  }

  private ClientSettings client(Http2Limits http2, String direction) {
    return ClientSettings.DEFAULT.withHttp2(
        http2.tell(kind ->
            metrics.counter(ProxyMetric.HTTP2_FLOODS_TOTAL, direction, "dst", kind).increment()));
  }

  private void prepare(ChannelPipeline pipeline, String direction, EndpointSpec endpoint) {
    transport.prepare(pipeline.channel());
    pipeline.addLast(
        ConnectionMeter.connecting(
            metrics,
            new ConnectionMeter.Labels(
                direction,
                "dst",
                endpoint.identity().isPresent(),
                "",
                "",
                Integer.toString(endpoint.address().port()),
                endpoint.address().toString())));
  }

  /** Looks until it is, for the log; {@code /ready} looks by itself. */
  private void tellWhenReady() {
    if (closed.get()) {
      return;
    }
    if (!notReady().isEmpty()) {
      sideLoops.schedule(this::tellWhenReady, READY_LOOK_MILLIS, TimeUnit.MILLISECONDS);
    } else {
      LOG.log(
          Level.INFO,
          "proxy ready: after_ms={0}",
          Long.toString(TimeUnit.NANOSECONDS.toMillis(ticker.nanoTime() - builtNanos)));
    }
  }

  private SidePort tapPort(HostPort address) throws IOException {
    TapService service =
        observers
            .tapService(config.telemetry().tapIdentities())
            .orElseThrow(() -> new IllegalStateException("there is an address, and no taps"));
    return TapPort.start(address, sideLoops, transport, tls, service, metrics, ticker);
  }

  /** What the control plane says about the workload, on its threads. */
  private final class Told implements ControlListener {

    @Override
    public void certificate(WorkloadCertificate certificate) {
      try {
        contexts.rotate(certificate);
      } catch (SSLException e) {
        throw new IllegalArgumentException(
            "certificate " + certificate.serial() + " cannot be used: " + e.getMessage(), e);
      }
    }

    @Override
    public void expired(WorkloadCertificate certificate, String why) {
      contexts.expire();
    }

    @Override
    public void workload(WorkloadConfig workload) {
      inboundStack = new InboundStack(workload.inbound(), inboundParts);
      egress = workload.egress().map(EgressRules::new);
      inboundRelays.policyChanged();
      httpProxy.services(workload.outbound());
      listeners.outbound(workload.outbound());
    }
  }

  /** What the admin port asks, on the side loop. */
  private final class Admin implements AdminState {

    @Override
    public List<String> notReady() {
      return Proxy.this.notReady();
    }

    @Override
    public ConfigDump config() {
      InboundStack stack = inboundStack;
      return new ConfigDump(
          new ConfigDump.Workload(
              config.namespace(), config.workload(), config.replica(), config.zone()),
          config.identity(),
          contexts.certificate(),
          control.connected(),
          Proxy.this.notReady(),
          listeners.describe(),
          stack == null ? Optional.empty() : Optional.of(stack.policy()),
          egress.map(EgressRules::egress),
          control.destinations(),
          endpoints.snapshot(),
          stacks.limits());
    }

    @Override
    public String recorder(Instant since, boolean errorsOnly) {
      return observers.recorded(new FlightRecorder.Filter(since, errorsOnly));
    }

    @Override
    public Instant now() {
      return clock.instant();
    }

    @Override
    public CompletionStage<Optional<String>> connects(int port) {
      return port < 1 || port > 65_535
          ? CompletableFuture.completedStage(Optional.of(port + " (expected: 1 to 65535)"))
          : ApplicationCheck.connects(
              config.applicationAddress(port), sideLoops, transport.connections());
    }

    @Override
    public void drain() {
      Proxy.this.drain();
    }
  }
}
