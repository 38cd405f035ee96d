package io.refmesh.proxy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.Egress;
import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RateLimit;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.admin.LogLevel;
import io.refmesh.proxy.tls.TlsPeers;
import io.refmesh.proxy.tls.WorkloadCertificate;
import io.refmesh.testkit.TestCa;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sidecars in one JVM, each with addresses of its own on loopback, and one certificate authority.
 * What a test does not say is as in production, but drains announce for half a second.
 */
final class TestMesh implements AutoCloseable {

  private static final String TRUST_DOMAIN = "cluster.local";
  static final String CLUSTER_DOMAIN = "example.mesh";
  private static final AtomicInteger NEXT_ADDRESS =
      new AtomicInteger((int) (ProcessHandle.current().pid() % 200) * 250);

  final TestCa ca = new TestCa("test root");

  static final int HTTP_PROXY_PORT = 4140;

  /** Of the sidecars made from now on. */
  Duration drainTimeout = Duration.ofSeconds(10);

  private final List<Sidecar> sidecars = new ArrayList<>();

  static final TelemetryConfig TELEMETRY =
      new TelemetryConfig(
          TelemetryConfig.AccessLogging.OFF,
          2_000,
          Set.of("token"),
          Set.of(),
          256 * 1024,
          Optional.empty(),
          0,
          Optional.empty(),
          Set.of(identity("tap")));

  /** Of the sidecars made from now on. */
  TelemetryConfig telemetry = TELEMETRY;

  static final ProxyConfig.Limits LIMITS =
      new ProxyConfig.Limits(
          64 * 1024,
          Duration.ofSeconds(10),
          Duration.ofMillis(400),
          1000,
          5000,
          64 * 1024 * 1024,
          1000,
          1024,
          Duration.ofSeconds(60));

  /** Of the sidecars made from now on. */
  ProxyConfig.Limits limits = LIMITS;

  static SpiffeId identity(String account) {
    return new SpiffeId(TRUST_DOMAIN, "shop", account);
  }

  /** A sidecar without application: for callers. */
  Sidecar caller(String name) {
    return sidecar(name, address(), new TreeMap<>());
  }

  /** The sidecar of an application that listens there already. */
  Sidecar of(String name, HostPort application, AppProtocol protocol) {
    return sidecar(name, application.host(), new TreeMap<>(Map.of(application.port(), protocol)));
  }

  /**
   * The sidecar of whatever has this address, to which the kernel's rules lead connections; made in
   * the network namespace of the calling thread.
   */
  Sidecar captured(String name, String address, Map<Integer, AppProtocol> ports) {
    Sidecar sidecar =
        new Sidecar(
            name,
            address,
            address,
            new TreeMap<>(ports),
            telemetry,
            new ProxyConfig.Capture.Redirect(4140, 4143));
    sidecars.add(sidecar);
    return sidecar;
  }

  private Sidecar sidecar(String name, String application, SortedMap<Integer, AppProtocol> ports) {
    Sidecar sidecar =
        new Sidecar(
            name, address(), application, ports, telemetry, new ProxyConfig.Capture.Addresses());
    sidecars.add(sidecar);
    return sidecar;
  }

  /** An address on loopback that nobody else has. */
  static String address() {
    int number = NEXT_ADDRESS.getAndIncrement();
    return "127.77." + (number / 250 % 250 + 1) + "." + (number % 250 + 1);
  }

  static ProxyConfig config(
      String name,
      String inbound,
      String application,
      SortedMap<Integer, AppProtocol> ports,
      TelemetryConfig telemetry,
      Duration drainTimeout,
      ProxyConfig.Capture capture,
      ProxyConfig.Limits limits) {
    return new ProxyConfig(
        "shop",
        name,
        0,
        identity(name),
        "",
        new ProxyConfig.Source.Folder(Path.of("unused")),
        new HostPort(inbound, 0),
        Optional.of(new HostPort(inbound, HTTP_PROXY_PORT)),
        CLUSTER_DOMAIN,
        inbound,
        application,
        ports,
        new TreeMap<>(),
        capture,
        1,
        Duration.ofMillis(500),
        drainTimeout,
        LogLevel.INFO,
        telemetry,
        Duration.ofSeconds(20),
        TlsPeers.SIDECARS,
        limits);
  }

  /** A service with one rule that matches everything. */
  static Destination destination(
      ServicePort id,
      AppProtocol protocol,
      Timeouts timeouts,
      @Nullable RetrySettings retry,
      List<EndpointSpec> endpoints) {
    RouteRule rule =
        new RouteRule(
            "default",
            List.of(),
            HttpMatch.ANY,
            List.of(),
            List.of(new WeightedBackend(id, 1, true)),
            timeouts,
            Optional.ofNullable(retry));
    return new Destination(
        id,
        protocol,
        List.of(rule),
        Map.of(id, new Backend(id, protocol, endpoints, BackendSettings.DEFAULT)));
  }

  /** The same, in turn to each endpoint, so that chance has no say. */
  static Destination inTurn(Destination destination) {
    BackendSettings.Balancer learned = BackendSettings.Balancer.DEFAULT;
    BackendSettings settings =
        new BackendSettings(
            new BackendSettings.Balancer(
                BackendSettings.Algorithm.ROUND_ROBIN,
                learned.hash(),
                learned.slowStart(),
                learned.preferZone()),
            BackendSettings.DEFAULT.ejection(),
            BackendSettings.DEFAULT.limits(),
            BackendSettings.DEFAULT.connectTimeout());
    Map<ServicePort, Backend> backends = new HashMap<>();
    destination
        .backends()
        .forEach((id, backend) ->
            backends.put(id, new Backend(id, backend.protocol(), backend.endpoints(), settings)));
    return new Destination(destination.id(), destination.protocol(), destination.rules(), backends);
  }

  @Override
  public void close() {
    sidecars.forEach(Sidecar::close);
  }

  /** One proxy and the control plane it has for itself. */
  final class Sidecar implements AutoCloseable {

    final Proxy proxy;
    final String inbound;
    private final String name;
    private final List<OutboundListener> outbound = new ArrayList<>();
    private final SortedMap<Integer, AppProtocol> ports;
    private InboundPolicy.Default defaultPolicy = InboundPolicy.Default.ALL_UNAUTHENTICATED;
    private List<Authorization> authorizations = List.of();
    private Optional<RateLimit> rateLimit = Optional.empty();
    private Optional<Faults> faults = Optional.empty();
    private Optional<Egress> egress = Optional.empty();
    private @Nullable FakeControl control;
    private final ByteArrayOutputStream accessLog = new ByteArrayOutputStream();

    Sidecar(
        String name,
        String inbound,
        String application,
        SortedMap<Integer, AppProtocol> ports,
        TelemetryConfig telemetry,
        ProxyConfig.Capture capture) {
      this.name = name;
      this.inbound = inbound;
      this.ports = ports;
      ProxyConfig config =
          config(name, inbound, application, ports, telemetry, drainTimeout, capture, limits);
      proxy =
          new Proxy(
              config,
              (listener, parts) -> {
                FakeControl made = new FakeControl(listener);
                control = made;
                return made;
              },
              new Proxy.Surroundings(
                  Transport.best(), Ticker.systemTicker(), InstantSource.system(), 1, accessLog));
    }

    FakeControl control() {
      if (control == null) {
        throw new AssertionError("the proxy made no control client");
      }
      return control;
    }

    /** Starts with a certificate and the configuration so far. */
    Sidecar start() {
      startBare();
      certify(ca.leaf(identity(name).uri()));
      configure();
      return this;
    }

    /** Starts and is told nothing. */
    Sidecar startBare() {
      try {
        proxy.start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return this;
    }

    void certify(TestCa.Leaf leaf) {
      certify(leaf, List.of(ca.root()));
    }

    void certify(TestCa.Leaf leaf, List<X509Certificate> roots) {
      control().certificate(WorkloadCertificate.of(leaf.key(), leaf.chain(), roots));
    }

    Sidecar allow(InboundPolicy.Default policy, Authorization... rules) {
      defaultPolicy = policy;
      authorizations = List.of(rules);
      return this;
    }

    Sidecar limit(RateLimit limit) {
      rateLimit = Optional.of(limit);
      return this;
    }

    /** Tells what may be called outside the mesh. */
    void mayCall(Egress places) {
      egress = Optional.of(places);
      configure();
    }

    Sidecar inject(Faults injected) {
      faults = Optional.of(injected);
      return this;
    }

    void configure() {
      List<InboundPolicy.Port> told =
          ports.entrySet().stream()
              .map(port ->
                  new InboundPolicy.Port(
                      port.getKey(),
                      port.getValue(),
                      "shop/" + name,
                      authorizations,
                      rateLimit,
                      faults))
              .toList();
      control()
          .workload(
              new WorkloadConfig(
                  new InboundPolicy(defaultPolicy, TRUST_DOMAIN, told), outbound, egress));
      Eventually.holds(() -> proxy.notReady().isEmpty());
    }

    /** Lets the application call the service; answers where. */
    HostPort calls(Destination destination) {
      HostPort listen = new HostPort(address(), destination.id().port());
      outbound.add(new OutboundListener(listen, destination.id(), destination.protocol()));
      configure();
      control().destination(destination);
      return listen;
    }

    /** How others find this workload; with its identity. */
    EndpointSpec endpoint() {
      return endpoint(identity(name));
    }

    EndpointSpec endpoint(SpiffeId expected) {
      HostPort address = new HostPort(inbound, ports.firstKey());
      return new EndpointSpec(
          address, address, Optional.of(expected), "", 1, true, "shop/" + name, 0);
    }

    ServicePort service() {
      return new ServicePort("shop", name, ports.firstKey());
    }

    /** What the access log has said so far. */
    String accessLog() {
      return accessLog.toString(StandardCharsets.UTF_8);
    }

    String metrics() {
      return proxy.metrics().scrape();
    }

    /** The sum of a counter's series whose text has all of {@code parts}. */
    long count(String metric, String... parts) {
      return Math.round(
          metrics()
              .lines()
              .filter(line -> line.startsWith(metric + "{") || line.startsWith(metric + " "))
              .filter(line -> List.of(parts).stream().allMatch(line::contains))
              .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
              .sum());
    }

    /** GET on the admin port: status and body. */
    String admin(String path) {
      try (HttpClient client = HttpClient.newHttpClient()) {
        HttpResponse<String> answer =
            client.send(
                HttpRequest.newBuilder(URI.create("http://" + proxy.adminAddress() + path)).build(),
                HttpResponse.BodyHandlers.ofString());
        return answer.statusCode() + " " + answer.body();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }

    @Override
    public void close() {
      proxy.close();
    }
  }
}
