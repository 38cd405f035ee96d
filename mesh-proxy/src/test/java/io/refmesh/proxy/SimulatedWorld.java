package io.refmesh.proxy;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.proxy.endpoint.EndpointHealth;
import io.refmesh.proxy.endpoint.EndpointRegistry.EndpointSnapshot;
import io.refmesh.proxy.simulation.Call;
import io.refmesh.proxy.simulation.Client;
import io.refmesh.proxy.simulation.Http1Client;
import io.refmesh.proxy.simulation.Http2Client;
import io.refmesh.proxy.simulation.HttpApplication;
import io.refmesh.proxy.simulation.OpaqueApplication;
import io.refmesh.proxy.simulation.OpaqueClient;
import io.refmesh.proxy.simulation.Script;
import io.refmesh.proxy.simulation.SimulatedChannel;
import io.refmesh.proxy.simulation.SimulatedNetwork;
import io.refmesh.proxy.simulation.SimulatedTime;
import io.refmesh.proxy.simulation.SimulatedTransport;
import io.refmesh.proxy.tls.WorkloadCertificate;
import io.refmesh.testkit.TestCa;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Clients, their sidecar, three sidecars with applications, and everything that can go wrong
 * between them, in one thread and from one seed.
 *
 * <h2>Life</h2>
 *
 * Some seconds of faults; then they stop, and within a bounded time every request must succeed;
 * then the clients go, the proxies drain, and nothing may be left.
 *
 * <h2>What is drawn</h2>
 *
 * Three callers, each of HTTP/1.1 or of HTTP/2 with one to three calls at a time over windows of
 * any size; in half of the worlds one more whose connections are opaque. Methods, bodies from
 * nothing to 70 KB (in a fourth of the worlds a tenth or twentieth up to 800 KB), chunked or not,
 * trailers, gRPC. What each caller and application does wrong, when connections and hosts break,
 * what is discovered, rotated, drained and denied, how late and in what pieces bytes arrive.
 *
 * <h2>What must hold</h2>
 *
 * What callers and applications see for themselves is in {@link HttpApplication}, {@link
 * OpaqueClient}, {@link OpaqueApplication} and the conversation of the callers of HTTP; what only
 * the whole shows is checked here, after every step and at the end.
 *
 * <h2>What it bites</h2>
 *
 * Lines that were taken out of the proxy, and the seed that showed it; other draws, other seeds:
 *
 * <ul>
 *   <li>a retry asks the budget: 0
 *   <li>a try that is over says nothing more (RetryLayer): 1
 *   <li>a connection is read again when its reader has caught up (Http1Try): 13
 *   <li>credit given back to an HTTP/2 peer is sent at once (Http2Connection): 31
 * </ul>
 *
 * <h2>Length</h2>
 *
 * Long, because faults, checks and the script draw from one generator and share one state: apart,
 * each would need all of the others.
 */
final class SimulatedWorld implements Script, SimulatedNetwork.Observer {

  private static final int REPLICAS = 3;
  private static final int CLIENTS = 3;
  private static final int PORT = 8080;

  /** Calls on opaque connections have numbers from here on. */
  private static final int OPAQUE = 1_000_000;

  private static final int LINES = 50_000;
  private static final int LAST_LINES = 40;
  private static final ServicePort CART = new ServicePort("shop", "cart", PORT);
  private static final int OPAQUE_PORT = 9090;
  private static final ServicePort STORE = new ServicePort("shop", "store", OPAQUE_PORT);
  private static final HostPort OPAQUE_SERVICE = new HostPort("127.1.0.2", OPAQUE_PORT);
  private static final HostPort SERVICE = new HostPort("127.1.0.1", PORT);
  private static final long FAULTY_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** The longest ejection and its jitter, a probe, and what was under way. */
  private static final long RECOVERY_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long QUICK_NANOS = TimeUnit.MILLISECONDS.toNanos(900);
  private static final int RETRIES = 2;

  private static final TestCa CA = new TestCa("simulated root");
  private static final Instant NOW = Instant.now();
  private static final List<WorkloadCertificate> WEB = certificates("web");
  private static final List<WorkloadCertificate> CARTS = certificates("cart");

  private static final Pattern CALL = Pattern.compile("/r(\\d+)");

  private final SplittableRandom random;
  private final SimulatedTime time = new SimulatedTime();
  private final SimulatedNetwork network;
  private final Sidecar web;
  private final List<Sidecar> carts = new ArrayList<>();
  private final List<Client> clients = new ArrayList<>();
  private final List<Call> calls = new ArrayList<>();
  private final List<Call> opaque = new ArrayList<>();
  private final Map<String, Call> byPath = new HashMap<>();
  private final Set<SimulatedChannel> begun = new HashSet<>();
  private final Deed[] deeds = new Deed[REPLICAS];
  private final int[] deedPercent = new int[REPLICAS];
  private final Map<HostPort, Ejected> ejected = new HashMap<>();
  private final ArrayDeque<Object[]> trace = new ArrayDeque<>();
  private final boolean large;
  private final boolean retrying;
  private final RetrySettings.Budget budget;
  private Set<Integer> listed = new HashSet<>();
  private final Set<Integer> drained = new HashSet<>();
  private boolean faulty = true;
  private boolean calling = true;
  private int thinkMillis = 60;

  /** The caller's sidecar has sent something since it was looked at. */
  private boolean webActed;

  private long requestTimeoutMillis = 1500;
  private @Nullable String problem;

  /** One proxy and what it is told. */
  private final class Sidecar {
    final Proxy proxy;
    final String inbound;
    private @Nullable SimulatedControl made;
    private int certificate;
    private final List<WorkloadCertificate> certificates;

    Sidecar(String name, String inbound, String application, List<WorkloadCertificate> known) {
      this.inbound = inbound;
      this.certificates = known;
      boolean serves = !application.isEmpty();
      ProxyConfig config =
          TestMesh.config(
              name,
              inbound,
              application,
              serves
                  ? new TreeMap<>(Map.of(PORT, AppProtocol.HTTP, OPAQUE_PORT, AppProtocol.OPAQUE))
                  : new TreeMap<>(),
              TestMesh.TELEMETRY,
              Duration.ofSeconds(10),
              new ProxyConfig.Capture.Addresses(),
              TestMesh.LIMITS);
      proxy =
          new Proxy(
              config,
              (listener, parts) -> made = new SimulatedControl(listener),
              new Proxy.Surroundings(
                  new SimulatedTransport(network, inbound),
                  time.ticker(),
                  () -> NOW,
                  random.nextLong(),
                  OutputStream.nullOutputStream()));
      time.block(
          "start of " + name,
          () -> {
            try {
              proxy.start();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      rotate();
    }

    SimulatedControl control() {
      if (made == null) {
        throw new AssertionError("no control client");
      }
      return made;
    }

    void rotate() {
      control().listener.certificate(certificates.get(certificate++ % certificates.size()));
    }

    void serve(Authorization... rules) {
      control()
          .listener
          .workload(
              new WorkloadConfig(
                  new InboundPolicy(
                      InboundPolicy.Default.ALL_AUTHENTICATED,
                      "cluster.local",
                      List.of(
                          new InboundPolicy.Port(
                              PORT, AppProtocol.HTTP, "shop/cart", List.of(rules)),
                          new InboundPolicy.Port(
                              OPAQUE_PORT, AppProtocol.OPAQUE, "shop/store", List.of(rules)))),
                  List.of()));
    }
  }

  SimulatedWorld(long seed) {
    random = new SplittableRandom(seed);
    network = new SimulatedNetwork(time, random.nextLong(), this);
    large = random.nextInt(4) == 0;
    retrying = random.nextInt(5) > 0;
    // Small ones: they shall be spent.
    budget =
        random.nextBoolean()
            ? new RetrySettings.Budget(3, 0, Duration.ofSeconds(10))
            : new RetrySettings.Budget(20, 1, Duration.ofSeconds(10));
    EventLoop programs = time.loops().next();
    for (int i = 0; i < REPLICAS; i++) {
      String application = "127.3.0." + (i + 1);
      new HttpApplication(
          i,
          new SimulatedTransport(network, application),
          programs,
          new InetSocketAddress(application, PORT),
          "URI=" + TestMesh.identity("web").uri(),
          this);
      new OpaqueApplication(
          i,
          new SimulatedTransport(network, application),
          programs,
          new InetSocketAddress(application, OPAQUE_PORT),
          this);
      Sidecar cart = new Sidecar("cart", "127.2.0." + (i + 1), application, CARTS);
      carts.add(cart);
      cart.serve();
    }
    web = new Sidecar("web", "127.2.0.100", "", WEB);
    web.control()
        .listener
        .workload(
            new WorkloadConfig(
                new InboundPolicy(
                    InboundPolicy.Default.ALL_UNAUTHENTICATED, "cluster.local", List.of()),
                List.of(
                    new OutboundListener(SERVICE, CART, AppProtocol.HTTP),
                    new OutboundListener(OPAQUE_SERVICE, STORE, AppProtocol.OPAQUE))));
    listed = new HashSet<>(List.of(0, 1, 2));
    discover();
    time.settle();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(client(new SimulatedTransport(network, "127.4.0." + (i + 1)), programs));
    }
    if (random.nextBoolean()) {
      clients.add(
          new OpaqueClient(
              new SimulatedTransport(network, "127.4.0." + (CLIENTS + 1)),
              programs,
              OPAQUE_SERVICE.toSocketAddress(),
              this));
    }
  }

  private Client client(SimulatedTransport transport, EventLoop programs) {
    InetSocketAddress service = SERVICE.toSocketAddress();
    return random.nextInt(3) > 0
        ? new Http1Client(transport, programs, service, this)
        : new Http2Client(
            transport,
            programs,
            service,
            this,
            1 + random.nextInt(3),
            random.nextBoolean() ? 65_535 : 2_000 + random.nextInt(20_000));
  }

  /** Runs all of it; throws with what did not hold and the last things that happened. */
  void run() {
    try {
      clients.forEach(Client::start);
      Arrays.fill(deeds, Deed.ANSWER);
      faults();
      runFor(FAULTY_NANOS);
      faulty = false;
      heal();
      thinkMillis = 400;
      runFor(RECOVERY_NANOS);
      thinkMillis = 100;
      int settled = calls.size();
      int settledOpaque = opaque.size();
      runFor(TimeUnit.SECONDS.toNanos(1));
      calling = false;
      runFor(TimeUnit.SECONDS.toNanos(4));
      recovered(settled);
      recoveredConnections(settledOpaque);
      windows();
      accounts();
      end();
    } catch (RuntimeException e) {
      throw failed(e.toString(), e);
    }
  }

  private void runFor(long nanos) {
    long until = time.nanos() + nanos;
    time.settle();
    while (time.step(until)) {
      check();
    }
    check();
  }

  // What goes wrong.

  private void faults() {
    if (!faulty) {
      return;
    }
    fault();
    time.after(TimeUnit.MILLISECONDS.toNanos(40 + random.nextInt(250)), this::faults);
  }

  private void fault() {
    int replica = random.nextInt(REPLICAS);
    Sidecar cart = carts.get(replica);
    String application = "127.3.0." + (replica + 1);
    switch (random.nextInt(14)) {
      case 0, 1, 2, 3 -> {
        deeds[replica] = Deed.values()[random.nextInt(Deed.values().length)];
        deedPercent[replica] = random.nextBoolean() ? 100 : random.nextInt(100);
        note("application", replica, deeds[replica], deedPercent[replica]);
      }
      case 4 -> network.resetAll(channel -> channel.host().equals(cart.inbound));
      case 5 -> network.resetAll(channel -> channel.host().equals(application));
      case 6 ->
          network.silence(cart.inbound, TimeUnit.MILLISECONDS.toNanos(50 + random.nextInt(1200)));
      case 7 -> {
        String host = random.nextBoolean() ? cart.inbound : application;
        network.takeDown(host);
        time.after(
            TimeUnit.MILLISECONDS.toNanos(50 + random.nextInt(600)), () -> network.bringUp(host));
      }
      case 8 -> {
        if (!listed.remove(replica) && !drained.contains(replica)) {
          listed.add(replica);
        }
        discover();
      }
      case 9 -> {
        requestTimeoutMillis = 200 + random.nextInt(1500);
        discover();
      }
      case 10 -> {
        note("rotates", cart.inbound);
        (random.nextBoolean() ? web : cart).rotate();
      }
      case 11 -> {
        if (drained.isEmpty()) {
          note("drains", cart.inbound);
          drained.add(replica);
          listed.remove(replica);
          cart.proxy.drain();
          time.after(TimeUnit.MILLISECONDS.toNanos(random.nextInt(400)), this::discover);
        }
      }
      case 12 -> {
        note("denies", cart.inbound);
        cart.serve(
            new Authorization(
                "shop/nobody",
                Authorization.Action.DENY,
                List.of(new Authorization.Rule(List.of(), List.of()))));
        time.after(TimeUnit.MILLISECONDS.toNanos(random.nextInt(200)), cart::serve);
      }
      case 13 -> network.worstDelayNanos(TimeUnit.MILLISECONDS.toNanos(1 + random.nextInt(100)));
      default -> throw new AssertionError("drawn");
    }
  }

  private void heal() {
    network.heal();
    Arrays.fill(deeds, Deed.ANSWER);
    carts.forEach(Sidecar::serve);
    listed = new HashSet<>(IntStream.range(0, REPLICAS).boxed().toList());
    listed.removeAll(drained);
    requestTimeoutMillis = 1500;
    discover();
  }

  private void discover() {
    note("discovers", List.copyOf(listed), requestTimeoutMillis, "ms");
    web.control().tell(destination());
    web.control()
        .tell(
            new Destination(
                STORE,
                AppProtocol.OPAQUE,
                List.of(),
                Map.of(
                    STORE,
                    new Backend(
                        STORE,
                        AppProtocol.OPAQUE,
                        endpoints(OPAQUE_PORT, "shop/store"),
                        settings()))));
  }

  private List<EndpointSpec> endpoints(int port, String service) {
    return listed.stream()
        .sorted()
        .map(i -> {
          HostPort address = new HostPort(carts.get(i).inbound, port);
          return new EndpointSpec(
              address, address, Optional.of(TestMesh.identity("cart")), "", 1, true, service, i);
        })
        .toList();
  }

  private static BackendSettings settings() {
    return new BackendSettings(
        BackendSettings.Balancer.DEFAULT,
        new BackendSettings.Ejection(
            3,
            80,
            Duration.ofSeconds(10),
            5,
            Duration.ofMillis(500),
            Duration.ofSeconds(2),
            50,
            50),
        BackendSettings.Limits.DEFAULT,
        Duration.ofMillis(300));
  }

  private Destination destination() {
    RetrySettings retry =
        new RetrySettings(
            RETRIES,
            List.of(
                RetryCondition.parse("5xx"),
                RetryCondition.parse("reset"),
                RetryCondition.parse("connect-failure"),
                RetryCondition.parse("refused-stream"),
                RetryCondition.parse("per-try-timeout"),
                RetryCondition.parse("grpc:unavailable")),
            false,
            Duration.ofMillis(5),
            Duration.ofMillis(50),
            RetrySettings.BODY_LIMIT_BYTES,
            budget);
    RouteRule rule =
        new RouteRule(
            "default",
            List.of(),
            HttpMatch.ANY,
            List.of(),
            List.of(new WeightedBackend(CART, 1, true)),
            new Timeouts(
                Duration.ofMillis(requestTimeoutMillis),
                Duration.ofMillis(400),
                Duration.ofMillis(1000)),
            retrying ? Optional.of(retry) : Optional.empty());
    return new Destination(
        CART,
        AppProtocol.HTTP,
        List.of(rule),
        Map.of(
            CART, new Backend(CART, AppProtocol.HTTP, endpoints(PORT, "shop/cart"), settings())));
  }

  // What must hold.

  private void check() {
    if (problem != null) {
      throw failed(problem, null);
    }
    // Copying the states costs more than the step; no request is on its way without bytes.
    if (webActed) {
      webActed = false;
      checkEndpoints();
    }
  }

  /** An ejection lasts until its probe is due; all through it, no request is added. */
  private void checkEndpoints() {
    for (EndpointSnapshot now : web.proxy.endpoints().snapshot()) {
      long probeNanos = now.health().nextProbe().map(Duration::toNanos).orElse(0L);
      Ejected is =
          probeNanos > 0 && now.health().state() == EndpointHealth.State.EJECTED
              ? new Ejected(time.nanos() + probeNanos, now.pending())
              : null;
      Ejected was = is == null ? ejected.remove(now.address()) : ejected.put(now.address(), is);
      if (is != null
          && was != null
          && is.untilNanos == was.untilNanos
          && is.pending > was.pending) {
        throw failed("an ejected endpoint gets a request: " + now, null);
      }
    }
  }

  private record Ejected(long untilNanos, int pending) {}

  private void recovered(int settled) {
    if (calls.size() < settled + 2 * CLIENTS) {
      throw failed("clients hang: " + (calls.size() - settled) + " calls in a second", null);
    }
    for (Call call : calls.subList(settled, calls.size())) {
      if (!call.succeeded()) {
        throw failed("after the faults a request fails: " + call, null);
      }
      if (call.endedNanos - call.sentNanos > QUICK_NANOS) {
        throw failed("after the faults a request takes long: " + call, null);
      }
    }
    for (Call call : calls) {
      if (call.ending == Call.Ending.UNDER_WAY) {
        throw failed("an exchange that never ended: " + call, null);
      }
      int most = 1 + (retrying ? RETRIES : 0);
      long tries = call.arrivals.stream().mapToInt(Call.Arrival::tryNumber).distinct().count();
      if (tries > most) {
        throw failed("more tries than allowed: " + call, null);
      }
      // Each try may be sent once more over a fresh connection when the kept one was closed.
      if (call.arrivals.size() > 2 * most || !call.idempotent() && call.effects > 1) {
        throw failed("sent too often: " + call, null);
      }
    }
    for (EndpointSnapshot endpoint : web.proxy.endpoints().snapshot()) {
      if (endpoint.pending() != 0 || endpoint.health().state() != EndpointHealth.State.ADMITTING) {
        throw failed("an endpoint that has not come back: " + endpoint, null);
      }
    }
  }

  private void recoveredConnections(int settled) {
    for (Call call : opaque) {
      if (call.ending == Call.Ending.UNDER_WAY) {
        throw failed("a connection that never ended: " + call, null);
      }
    }
    for (Call call : opaque.subList(settled, opaque.size())) {
      if (call.ending != Call.Ending.COMPLETE) {
        throw failed("after the faults a connection fails: " + call, null);
      }
      if (call.endedNanos - call.sentNanos > QUICK_NANOS) {
        throw failed("after the faults a connection takes long: " + call, null);
      }
    }
  }

  /**
   * Where no stream is, each connection of HTTP/2 has all of its window: nothing that came is held
   * back, and both ends think the same of what may be sent.
   */
  private void windows() {
    for (SimulatedChannel end : network.open()) {
      Http2FrameCodec codec = end.pipeline().get(Http2FrameCodec.class);
      SimulatedChannel peer = end.peer();
      Http2FrameCodec other = peer == null ? null : peer.pipeline().get(Http2FrameCodec.class);
      if (codec == null || other == null) {
        continue;
      }
      Http2Connection here = codec.connection();
      Http2Connection there = other.connection();
      int held = here.local().flowController().unconsumedBytes(here.connectionStream());
      int window = here.local().flowController().windowSize(here.connectionStream());
      int granted = there.remote().flowController().windowSize(there.connectionStream());
      if (here.numActiveStreams() != 0 || held != 0 || window != granted) {
        throw failed(
            "a connection that is not as new, "
                + end.host()
                + " from "
                + end.remote()
                + ": "
                + here.numActiveStreams()
                + " streams, "
                + held
                + " bytes held, window "
                + window
                + ", granted "
                + granted,
            null);
      }
    }
  }

  /** What the proxies counted against what both ends saw. */
  private void accounts() {
    Map<String, Double> counted = sums(web.proxy.metrics().scrape());
    long cancelled = calls.stream().filter(c -> c.ending == Call.Ending.CANCELLED).count();
    long requests = Math.round(counted.getOrDefault("request_total", 0.0));
    long responses = Math.round(counted.getOrDefault("response_total", 0.0));
    if (requests != responses) {
      throw failed("request_total " + requests + ", response_total " + responses, null);
    }
    // A client that leaves may have gone before its head arrived.
    if (requests > calls.size() || requests < calls.size() - cancelled - brokenUnanswered()) {
      throw failed("request_total " + requests + " of " + calls.size() + " sent", null);
    }
    long retries = Math.round(counted.getOrDefault("retry_total", 0.0));
    long allowed = requests * budget.percent() / 100 + budget.minPerSecond() * 10L;
    if (retries > allowed) {
      throw failed(retries + " retries of " + requests + " requests, allowed " + allowed, null);
    }
    for (int status : List.of(200, 403, 503, 504)) {
      long seen =
          calls.stream()
              .filter(c -> c.ending == Call.Ending.COMPLETE && c.status == status)
              .count();
      long told = Math.round(counted.getOrDefault("response_total " + status, 0.0));
      if (told < seen || told > seen + cancelled + broken()) {
        throw failed("response_total " + told + " with " + status + ", seen " + seen, null);
      }
    }
  }

  private long broken() {
    return calls.stream().filter(c -> c.ending == Call.Ending.BROKEN).count();
  }

  private long brokenUnanswered() {
    return calls.stream().filter(c -> c.ending == Call.Ending.BROKEN && c.status == 0).count();
  }

  /** The whole family and, of responses, each status. */
  private static Map<String, Double> sums(String page) {
    Map<String, Double> sums = new HashMap<>();
    for (String line : page.split("\n", -1)) {
      int brace = line.indexOf('{');
      if (line.startsWith("#") || brace < 0) {
        continue;
      }
      double value = Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      String name = line.substring(0, brace);
      sums.merge(name, value, Double::sum);
      int status = line.indexOf("status_code=\"");
      if (name.equals("response_total") && status > 0) {
        sums.merge(name + " " + line.substring(status + 13, status + 16), value, Double::sum);
      }
    }
    return sums;
  }

  private void end() {
    clients.forEach(Client::stop);
    runFor(TimeUnit.SECONDS.toNanos(5));
    long open =
        Math.round(sums(web.proxy.metrics().scrape()).getOrDefault("tcp_open_connections", 0.0));
    long real = network.open().stream().filter(c -> c.host().equals(web.inbound)).count();
    if (open != real) {
      throw failed("tcp_open_connections " + open + ", open " + real, null);
    }
    // From the callers on, as a mesh goes down.
    List<Sidecar> all = new ArrayList<>(carts);
    all.addFirst(web);
    for (Sidecar sidecar : all) {
      var drained = sidecar.proxy.drain().toCompletableFuture();
      runFor(TimeUnit.SECONDS.toNanos(4));
      if (!drained.isDone()) {
        throw failed("a drain of " + sidecar.inbound + " without traffic does not end", null);
      }
    }
    time.block(
        "close",
        all.stream().map(sidecar -> (Runnable) sidecar.proxy::close).toArray(Runnable[]::new));
    runFor(TimeUnit.SECONDS.toNanos(1));
    List<SimulatedChannel> left = network.open();
    if (!left.isEmpty()) {
      throw failed("connections left: " + left, null);
    }
    if (network.heldBytes() != 0) {
      throw failed("bytes of buffers that nobody released: " + network.heldBytes(), null);
    }
    if (time.timersLeft()) {
      throw failed("timers left", null);
    }
  }

  // What programs ask.

  @Override
  public @Nullable Call next(boolean http2) {
    if (!calling) {
      return null;
    }
    String method =
        switch (random.nextInt(4)) {
          case 0 -> "POST";
          case 1 -> "PUT";
          default -> "GET";
        };
    int body = method.equals("GET") ? 0 : size();
    Call call =
        new Call(
            calls.size(),
            method,
            body,
            body > 0 && random.nextBoolean(),
            random.nextInt(4) == 0,
            http2 && method.equals("POST") && random.nextBoolean(),
            size(),
            time.nanos());
    calls.add(call);
    byPath.put(call.path(), call);
    return call;
  }

  private int size() {
    int kind = random.nextInt(20);
    if (kind < 5) {
      return 0;
    }
    if (kind < 16) {
      return random.nextInt(2000);
    }
    // Above the windows of a stream; a stall shows where everything must succeed.
    return large && (kind == 19 || !faulty && kind == 18)
        ? 300_000 + random.nextInt(500_000)
        : random.nextInt(70_000);
  }

  @Override
  public @Nullable Call nextOpaque() {
    if (!calling) {
      return null;
    }
    Call call =
        new Call(OPAQUE + opaque.size(), "TCP", size(), false, false, false, size(), time.nanos());
    opaque.add(call);
    return call;
  }

  @Override
  public @Nullable Call ofOpaque(int number) {
    int index = number - OPAQUE;
    return index < 0 || index >= opaque.size() ? null : opaque.get(index);
  }

  @Override
  public @Nullable Call of(String path) {
    return byPath.get(path);
  }

  @Override
  public Deed deed(int replica) {
    return random.nextInt(100) < deedPercent[replica] ? deeds[replica] : Deed.ANSWER;
  }

  @Override
  public Habit habit() {
    return !faulty || random.nextInt(5) > 0
        ? Habit.PATIENT
        : Habit.values()[random.nextInt(Habit.values().length)];
  }

  @Override
  public int thinkMillis() {
    return thinkMillis;
  }

  @Override
  public int draw(int bound) {
    return random.nextInt(bound);
  }

  @Override
  public void sent(SimulatedChannel from, byte[] bytes, int length) {
    webActed |= from.host().equals(web.inbound);
    // By the first bytes; the side that was called never speaks first.
    InetSocketAddress to = from.remote();
    if (from.parent() == null
        && to != null
        && begun.add(from)
        && to.getAddress().getHostAddress().startsWith("127.2.")
        && bytes[0] != 0x16) {
      problem("plaintext to a sidecar", from);
    }
  }

  @Override
  public void problem(String what, Object... about) {
    note(what, about);
    if (problem == null) {
      problem = what + ": " + Arrays.toString(about);
    }
  }

  @Override
  public void note(String what, Object... about) {
    if (trace.size() == LINES) {
      trace.removeFirst();
    }
    Object[] line = Arrays.copyOf(about, about.length + 2);
    line[about.length] = time.nanos();
    line[about.length + 1] = what;
    for (int i = 0; i < about.length; i++) {
      if (about[i] instanceof Call call) {
        line[i] = call.toString();
      }
    }
    trace.addLast(line);
  }

  private AssertionError failed(String what, @Nullable Throwable cause) {
    StringBuilder text = new StringBuilder(what);
    Matcher call = CALL.matcher(what);
    if (call.find()) {
      text.append("\nits steps (milliseconds):\n");
      Object number = Integer.valueOf(call.group(1));
      trace.stream()
          .filter(line ->
              Arrays.asList(line).contains(number)
                  || line.length == 3 && (line[0] + " ").contains(call.group() + " "))
          .forEach(line -> append(line, text));
    }
    text.append("\nthe last steps:\n");
    trace.stream().skip(Math.max(0, trace.size() - LAST_LINES)).forEach(line -> append(line, text));
    return new AssertionError(text.toString(), cause);
  }

  private static void append(Object[] line, StringBuilder text) {
    int about = line.length - 2;
    text.append(
        String.format(
            "%10.3f %s %s%n",
            ((Long) line[about]) / 1e6,
            line[about + 1],
            Arrays.toString(Arrays.copyOf(line, about))));
  }

  private static List<WorkloadCertificate> certificates(String name) {
    return IntStream.range(0, 2)
        .mapToObj(i -> CA.leaf(TestMesh.identity(name).uri()))
        .map(leaf -> WorkloadCertificate.of(leaf.key(), leaf.chain(), List.of(CA.root())))
        .toList();
  }
}
