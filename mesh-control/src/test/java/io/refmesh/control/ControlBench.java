package io.refmesh.control;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.refmesh.control.identity.Csrs;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.wire.v1.CertifyRequest;
import io.refmesh.model.wire.v1.IdentityGrpc;
import io.refmesh.model.wire.v1.WatchResponse;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code make bench-control}: one control plane, a process with the launch settings of its image,
 * beside 5,000 pods of 500 Services in an API server of memory and 500 sidecars that are nothing
 * but their streams. Writes {@code out/bench/control.json}, prints each figure beside what it must
 * be and ends with {@code N passed, N failed}; exit status 1 when one is not met.
 */
public final class ControlBench implements AutoCloseable {

  /** Services that a sidecar calls, the one that all call among them. */
  private static final int CALLED = 21;

  private static final int CHANGES = 60;
  private static final int STORM_PER_SECOND = 50;
  private static final Duration STORM = Duration.ofSeconds(30);
  private static final Duration CERTIFICATES_WARM_UP = Duration.ofSeconds(5);
  private static final Duration CERTIFICATES = Duration.ofSeconds(10);
  private static final int CERTIFY_CALLERS = 16;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path home;
  private final PrintStream out;
  private final BenchCluster cluster = new BenchCluster();
  private final List<Subscriber> subscribers = new ArrayList<>();
  private final Map<String, Object> figures = new LinkedHashMap<>();
  private final SplittableRandom random = new SplittableRandom(1);
  private final HostPort address = new HostPort("127.0.0.1", freePort());
  private final HostPort admin = new HostPort("127.0.0.1", freePort());
  private final Path folder;
  private int passed;
  private int failed;
  private long began;

  private record Must(String name, double value, String unit, boolean atMost, double limit) {
    boolean met() {
      return atMost ? value <= limit : value >= limit;
    }
  }

  private ControlBench(Path home, PrintStream out) throws IOException {
    this.home = home;
    this.out = out;
    folder = Files.createDirectories(home.resolve("out/bench/control-plane"));
  }

  /**
   * @param arguments the folder of the checkout
   */
  public static void main(String[] arguments) throws Exception {
    int failed;
    try (ControlBench bench = new ControlBench(Path.of(arguments[0]), System.out)) {
      failed = bench.run();
    }
    // Channels that were shut down keep threads for a second.
    System.exit(failed == 0 ? 0 : 1);
  }

  private int run() throws Exception {
    Process control = start();
    try {
      await("the control plane is ready", this::isReady);
      figure("start_ms", (System.nanoTime() - began) / 1e6);
      long pid = control.pid();
      figure("start_cpu_s", cpuSeconds(pid));
      figure("rss_started_mb", rss(pid));
      double cpu = cpuSeconds(pid);
      long connecting = System.nanoTime();
      connect();
      figure("subscribed_ms", (System.nanoTime() - connecting) / 1e6);
      figure("subscribed_cpu_s", cpuSeconds(pid) - cpu);
      figure("rss_subscribed_mb", rss(pid));
      changes();
      storm(pid);
      certificates(pid);
      must(new Must("rss_most_mb", peak(pid), "MB", true, 512));
    } finally {
      subscribers.forEach(Subscriber::close);
      control.destroy();
      control.waitFor();
    }
    Path file = home.resolve("out/bench/control.json");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(figures));
    out.println(passed + " passed, " + failed + " failed");
    return failed;
  }

  // -- the control plane

  private Process start() throws IOException {
    Path kubeconfig =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            apiVersion: v1
            kind: Config
            current-context: bench
            contexts: [{name: bench, context: {cluster: bench, user: bench}}]
            clusters: [{name: bench, cluster: {server: "%s"}}]
            users: [{name: bench, user: {token: bench}}]
            """
                .formatted(cluster.url()));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Those of the image but for what is in the image only.
    Files.readAllLines(home.resolve("kind-config/images/training/options/control/jvm")).stream()
        .filter(line ->
            line.startsWith("-") && !line.contains("AOTCache") && !line.contains("/refmesh/"))
        .forEach(command::add);
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), "io.refmesh.control.ControlMain"));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "REFMESH_REGISTRY", "kubernetes",
                "KUBECONFIG", kubeconfig.toString(),
                "REFMESH_CONTROL_ADDRESS", address.toString(),
                "REFMESH_CONTROL_ADMIN", admin.toString(),
                "REFMESH_STATE", folder.resolve("state").toString()));
    began = System.nanoTime();
    return builder.start();
  }

  private boolean isReady() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(admin.host(), admin.port()), 200);
      socket
          .getOutputStream()
          .write("GET /ready HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII)
          .endsWith(" 200");
    } catch (IOException e) {
      return false;
    }
  }

  // -- the sidecars

  /** A stream of one pod, and how many endpoints of each Service it knows to be ready. */
  private final class Subscriber {

    private final ProxyClient client;
    private final Map<String, Integer> known = new ConcurrentHashMap<>();
    private final int[] services;
    private volatile long heardOfFirst;

    Subscriber(X509Certificate root, int service) {
      client = new ProxyClient(address, root, PATIENCE, this::heard);
      services = new int[CALLED];
      for (int index = 1; index < CALLED; index++) {
        services[index] = (service + index * 7) % BenchCluster.SERVICES;
      }
    }

    void connect(int service) throws Exception {
      client.certify(
          "spiffe://cluster.local/ns/" + BenchCluster.NAMESPACE + "/sa/s" + service,
          BenchCluster.token(service));
      client.watch(
          BenchCluster.NAMESPACE, BenchCluster.pod(service, 0), 0, BenchCluster.ip(service, 0));
      for (int called : services) {
        client.subscribe(BenchCluster.NAMESPACE, "s" + called, BenchCluster.PORT);
      }
    }

    private void heard(WatchResponse response) {
      if (!response.hasDestination()) {
        return;
      }
      String service = response.getDestination().getId().getService();
      int count =
          response.getDestination().getBackendsList().stream()
              .mapToInt(backend ->
                  (int) backend.getEndpointsList().stream().filter(e -> e.getReady()).count())
              .sum();
      known.put(service, count);
      if (service.equals("s0")) {
        heardOfFirst = System.nanoTime();
      }
      client.acknowledge(response);
    }

    boolean knowsFirst() {
      return known.getOrDefault("s0", -1) == cluster.expected(0);
    }

    boolean knowsAll() {
      return Arrays.stream(services)
          .allMatch(service -> known.getOrDefault("s" + service, -1) == cluster.expected(service));
    }

    void close() {
      try {
        client.close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void connect() throws Exception {
    X509Certificate root = cluster.root();
    try (ExecutorService threads = Executors.newFixedThreadPool(CERTIFY_CALLERS)) {
      List<Future<?>> connecting = new ArrayList<>();
      for (int service = 0; service < BenchCluster.SERVICES; service++) {
        Subscriber subscriber = new Subscriber(root, service);
        subscribers.add(subscriber);
        int own = service;
        connecting.add(
            threads.submit(() -> {
              subscriber.connect(own);
              return null;
            }));
      }
      for (Future<?> one : connecting) {
        one.get();
      }
    }
    await("every sidecar knows what it calls", this::allKnow);
  }

  private boolean allKnow() {
    return subscribers.stream().allMatch(Subscriber::knowsAll);
  }

  // -- what is measured

  /** One endpoint comes or goes, and every sidecar calls its Service. */
  private void changes() throws InterruptedException {
    List<Double> millis = new ArrayList<>();
    for (int change = 0; change < CHANGES; change++) {
      int pod = 1 + change % (BenchCluster.PODS_EACH - 1);
      long at = System.nanoTime();
      cluster.flip(0, pod);
      await(
          "a change reached everybody",
          () -> subscribers.stream().allMatch(Subscriber::knowsFirst));
      subscribers.forEach(one -> millis.add((one.heardOfFirst - at) / 1e6));
      Thread.sleep(100);
    }
    millis.sort(Double::compare);
    figure("change_p50_ms", millis.get(millis.size() / 2));
    must(new Must("change_p99_ms", millis.get(millis.size() * 99 / 100), "ms", true, 1_000));
    figure("change_most_ms", millis.getLast());
  }

  private void storm(long pid) throws Exception {
    double cpu = cpuSeconds(pid);
    long start = System.nanoTime();
    long total = STORM.toSeconds() * STORM_PER_SECOND;
    for (long change = 0; change < total; change++) {
      int service = random.nextInt(BenchCluster.SERVICES);
      int pod = 1 + random.nextInt(BenchCluster.PODS_EACH - 1);
      cluster.flip(service, pod);
      long next = start + (change + 1) * 1_000_000_000L / STORM_PER_SECOND;
      TimeUnit.NANOSECONDS.sleep(Math.max(0, next - System.nanoTime()));
    }
    double took = (System.nanoTime() - start) / 1e9;
    long end = System.nanoTime();
    await("everybody knows how the storm ended", this::allKnow);
    must(new Must("storm_converged_ms", (System.nanoTime() - end) / 1e6, "ms", true, 2_000));
    figure("storm_changes_per_s", total / took);
    figure("storm_cores", (cpuSeconds(pid) - cpu) / took);
    figure("rss_after_storm_mb", rss(pid));
  }

  private void certificates(long pid) throws Exception {
    AtomicBoolean measuring = new AtomicBoolean(true);
    LongAdder issued = new LongAdder();
    KeyPair key = Csrs.p256();
    X509Certificate root = cluster.root();
    try (ExecutorService threads = Executors.newFixedThreadPool(CERTIFY_CALLERS)) {
      List<Future<?>> callers = new ArrayList<>();
      for (int caller = 0; caller < CERTIFY_CALLERS; caller++) {
        int service = caller;
        callers.add(
            threads.submit(() -> {
              String identity =
                  "spiffe://cluster.local/ns/" + BenchCluster.NAMESPACE + "/sa/s" + service;
              CertifyRequest request =
                  CertifyRequest.newBuilder()
                      .setIdentity(identity)
                      .setToken(BenchCluster.token(service))
                      .setCsr(ByteString.copyFrom(Csrs.forUri(key, identity)))
                      .build();
              try (ProxyClient client = new ProxyClient(address, root, PATIENCE, nothing -> {})) {
                ManagedChannel channel = client.channel(false);
                while (measuring.get()) {
                  IdentityGrpc.newBlockingStub(channel)
                      .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                      .certify(request);
                  issued.increment();
                }
              }
              return null;
            }));
      }
      Thread.sleep(CERTIFICATES_WARM_UP);
      long before = issued.sum();
      double cpu = cpuSeconds(pid);
      long start = System.nanoTime();
      Thread.sleep(CERTIFICATES);
      double made = issued.sum() - before;
      double cpuSeconds = cpuSeconds(pid) - cpu;
      double seconds = (System.nanoTime() - start) / 1e9;
      measuring.set(false);
      for (Future<?> caller : callers) {
        caller.get();
      }
      figure("certificates_per_s", made / seconds);
      must(new Must("certificates_per_cpu_s", made / cpuSeconds, "/s", false, 300));
    }
  }

  private void figure(String name, double value) {
    figures.put(name, Math.round(value * 10) / 10.0);
    out.printf(Locale.ROOT, "        %-24s %10.1f%n", name, value);
  }

  private void must(Must must) {
    figures.put(must.name(), Math.round(must.value() * 10) / 10.0);
    out.printf(
        Locale.ROOT,
        "%-7s %-24s %10.1f %s (%s %.0f)%n",
        must.met() ? "passed" : "failed",
        must.name(),
        must.value(),
        must.unit(),
        must.atMost() ? "at most" : "at least",
        must.limit());
    if (must.met()) {
      passed++;
    } else {
      failed++;
    }
  }

  private void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException(
            "not within "
                + PATIENCE.toSeconds()
                + " s: "
                + what
                + "; log: "
                + folder.resolve("log"));
      }
      Thread.sleep(2);
    }
  }

  // -- the process, as Linux tells of it

  private static double rss(long pid) throws IOException {
    return megabytes(pid, "VmRSS:");
  }

  private static double peak(long pid) throws IOException {
    return megabytes(pid, "VmHWM:");
  }

  private static double megabytes(long pid, String field) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith(field)) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
      }
    }
    throw new IOException("/proc/" + pid + "/status has no " + field);
  }

  private static double cpuSeconds(long pid) {
    return ProcessHandle.of(pid)
            .flatMap(process -> process.info().totalCpuDuration())
            .orElse(Duration.ZERO)
            .toMillis()
        / 1e3;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    cluster.close();
  }
}
