package io.refmesh.proxy.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.wire.DestinationWire;
import io.refmesh.model.wire.WorkloadWire;
import io.refmesh.model.wire.v1.Holding;
import io.refmesh.model.wire.v1.NotFound;
import io.refmesh.model.wire.v1.TrustBundle;
import io.refmesh.model.wire.v1.WatchRequest;
import io.refmesh.model.wire.v1.WatchResponse;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.WorkloadCertificate;
import io.refmesh.testkit.TestCa;
import io.refmesh.testkit.acceptance.Acceptance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ControlPlaneTest {

  private static final SpiffeId WEB = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web");
  private static final ServicePort CART = new ServicePort("shop", "cart", 8080);
  private static final WorkloadConfig CONFIG =
      new WorkloadConfig(
          new InboundPolicy(InboundPolicy.Default.ALL_AUTHENTICATED, "cluster.local", List.of()),
          List.of());

  @TempDir Path folder;

  private final TestCa ca = new TestCa("root");
  private final FakeControlPlane fake =
      new FakeControlPlane(ca, ca.leaf(FakeControlPlane.IDENTITY));
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ProxyMetrics metrics = new ProxyMetrics(Ticker.systemTicker(), 1000);
  private final Recording listener = new Recording();
  private InstantSource clock = InstantSource.system();
  // Made by start(); the tear-down must look at it all the same.
  private @Nullable ControlPlane started;

  @BeforeEach
  void writeFiles() throws Exception {
    ca.writeRoot(folder.resolve("roots.pem"));
    Files.writeString(folder.resolve("token"), "good\n");
  }

  @AfterEach
  void stop() throws Exception {
    if (started != null) {
      started.close();
    }
    fake.close();
    group.shutdownGracefully(0, 0, TimeUnit.SECONDS).sync();
  }

  @Test
  void getsACertificateThenItsConfigurationThenADestination() throws Exception {
    fake.start();
    ControlPlane control = start();
    WorkloadCertificate certificate = listener.nextCertificate();
    assertThat(certificate.identity()).isEqualTo(WEB);

    WatchRequest hello = fake.next();
    assertThat(hello.getHello().getNamespace()).isEqualTo("shop");
    assertThat(hello.getHello().getWorkload()).isEqualTo("web");
    assertThat(hello.getHello().getReplica()).isEqualTo(2);
    fake.push(workload(1));
    assertThat(listener.configs.poll(10, TimeUnit.SECONDS)).isEqualTo(CONFIG);
    assertThat(fake.next().getAck().getResource()).isEqualTo("workload");

    BlockingQueue<DestinationState> states = new LinkedBlockingQueue<>();
    Destinations.Subscription subscription = control.watch(CART, states::add);
    assertThat(DestinationWire.decode(fake.next().getSubscribe())).isEqualTo(CART);
    fake.push(destination(7));
    assertThat(states.poll(10, TimeUnit.SECONDS)).isEqualTo(new DestinationState.Known(7, cart()));
    assertThat(fake.next().getAck().getVersion()).isEqualTo(7);
    assertThat(control.destinations()).containsOnlyKeys(CART);
    assertThat(control.missing()).isEmpty();
    assertThat(control.connected()).isTrue();

    subscription.close();
    assertThat(DestinationWire.decode(fake.next().getUnsubscribe())).isEqualTo(CART);
    assertThat(metrics.counter(ProxyMetric.CONTROL_UPDATES_TOTAL, "destination", "applied").value())
        .isEqualTo(1);
  }

  @Test
  void tellsALaterWatcherTheStateAtOnce() throws Exception {
    ControlPlane control = connect();
    control.watch(CART, state -> {});
    fake.next();
    fake.push(notFound(3));
    fake.next();

    BlockingQueue<DestinationState> states = new LinkedBlockingQueue<>();
    control.watch(CART, states::add);

    assertThat(states.poll(10, TimeUnit.SECONDS))
        .isEqualTo(new DestinationState.NotFound(3, "no such service"));
  }

  @Test
  void renewsWhenTheControlPlaneWantsWhileTheStreamStaysOpen() throws Exception {
    // The clock stands until the test moves it: an answer that comes late on a busy machine would
    // name a moment that has passed, and such a wish is not followed.
    AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    clock = now::get;
    fake.clock = clock;
    fake.renewAfter = Duration.ofMillis(100);
    connect();
    assertThat(listener.certificates).isEmpty();

    now.updateAndGet(before -> before.plusMillis(200));
    WorkloadCertificate second = listener.nextCertificate();
    now.updateAndGet(before -> before.plusMillis(200));
    WorkloadCertificate third = listener.nextCertificate();

    assertThat(third.serial()).isNotEqualTo(second.serial());
    assertThat(third.leaf().getPublicKey()).isNotEqualTo(second.leaf().getPublicKey());
    assertThat(metrics.counter(ProxyMetric.CONTROL_RECONNECTS_TOTAL).value()).isZero();
  }

  @Test
  void readsTheTokenAgainAfterARefusal() throws Exception {
    fake.token = "better";
    fake.start();
    ControlPlane control = start();
    await(() -> control.missing().getFirst().contains("token is not of this mesh"));
    assertThat(listener.certificates).isEmpty();

    Files.writeString(folder.resolve("token"), "better");

    assertThat(listener.nextCertificate().identity()).isEqualTo(WEB);
  }

  @Test
  void refusesAServerThatIsNotTheControlPlane() throws Exception {
    FakeControlPlane impostor =
        new FakeControlPlane(ca, ca.leaf("spiffe://cluster.local/ns/shop/sa/cart"));
    TestCa foreign = new TestCa("root");
    FakeControlPlane stranger = new FakeControlPlane(ca, foreign.leaf(FakeControlPlane.IDENTITY));
    try (impostor;
        stranger) {
      impostor.start();
      ControlPlane control = start(impostor.port());
      await(() -> control.missing().getFirst().contains("ns/shop/sa/cart"));
      control.close();

      stranger.start();
      ControlPlane other = start(stranger.port());
      await(() -> other.missing().getFirst().contains("does not chain to the trust roots"));
    }
    assertThat(impostor.certified).hasValue(0);
    assertThat(stranger.certified).hasValue(0);
  }

  @Test
  @Acceptance(52)
  void keepsTheLastStateWhileTheControlPlaneIsAwayAndSubscribesAgainAfterItsReturn()
      throws Exception {
    ControlPlane control = connect();
    BlockingQueue<DestinationState> states = new LinkedBlockingQueue<>();
    control.watch(CART, states::add);
    fake.next();
    fake.push(destination(7));
    fake.next();
    states.take();

    fake.stop();
    await(() -> !control.connected());
    assertThat(control.destinations()).containsEntry(CART, new DestinationState.Known(7, cart()));
    assertThat(control.workload()).contains(CONFIG);
    assertThat(control.missing()).isEmpty();

    fake.start();
    assertThat(fake.next().hasHello()).isTrue();
    assertThat(DestinationWire.decode(fake.next().getSubscribe())).isEqualTo(CART);
    fake.push(destination(1));
    assertThat(states.poll(10, TimeUnit.SECONDS)).isEqualTo(new DestinationState.Known(1, cart()));
    assertThat(control.connected()).isTrue();
    assertThat(metrics.counter(ProxyMetric.CONTROL_RECONNECTS_TOTAL).value()).isPositive();
  }

  @Test
  void findsTheLastStateOfAServiceThatIsAskedForAgainWhileTheControlPlaneIsAway() throws Exception {
    ControlPlane control = connect();
    Destinations.Subscription first = control.watch(CART, state -> {});
    fake.next();
    fake.push(destination(7));
    fake.next();
    fake.stop();
    await(() -> !control.connected());
    first.close();

    BlockingQueue<DestinationState> states = new LinkedBlockingQueue<>();
    Destinations.Subscription second = control.watch(CART, states::add);
    assertThat(states.poll(10, TimeUnit.SECONDS)).isEqualTo(new DestinationState.Known(7, cart()));

    second.close();
    fake.start();
    WatchRequest hello = fake.next();
    assertThat(hello.hasHello()).isTrue();
    fake.push(workload(1));
    await(() -> control.connected());
    await(() -> control.destinations().isEmpty());
  }

  @Test
  void refusesAVersionThatCannotBeReadAndKeepsTheLastGoodOne() throws Exception {
    ControlPlane control = connect();
    BlockingQueue<DestinationState> states = new LinkedBlockingQueue<>();
    control.watch(CART, states::add);
    fake.next();
    fake.push(destination(7));
    fake.next();
    states.take();

    WatchResponse.Builder bad = destination(8).toBuilder();
    bad.getDestinationBuilder().addRulesBuilder().setName("shop/cart/0");
    fake.push(bad.build());

    WatchRequest answer = fake.next();
    assertThat(answer.getNack().getVersion()).isEqualTo(8);
    assertThat(answer.getNack().getResource()).isEqualTo("destination/shop/cart/8080");
    assertThat(answer.getNack().getReason()).contains("route match without a path");
    assertThat(control.destinations()).containsEntry(CART, new DestinationState.Known(7, cart()));

    fake.push(destination(9));
    assertThat(fake.next().getAck().getVersion()).isEqualTo(9);
    assertThat(states.take().version()).isEqualTo(9);
  }

  @Test
  void refusesAVersionThatAListenerCannotUse() throws Exception {
    ControlPlane control = connect();
    control.watch(
        CART,
        state -> {
          if (state.version() == 8) {
            throw new IllegalArgumentException("route shop/cart/0: path regex \"(\" is not closed");
          }
        });
    fake.next();
    fake.push(destination(7));
    assertThat(fake.next().hasAck()).isTrue();

    fake.push(destination(8));

    assertThat(fake.next().getNack().getReason()).contains("is not closed");
    assertThat(control.destinations()).containsEntry(CART, new DestinationState.Known(7, cart()));
    fake.push(WatchResponse.newBuilder().setResource("workload").setVersion(2).build());
    assertThat(fake.next().getNack().getReason()).contains("does not know");
  }

  @Test
  void takesOverNewTrustRootsAndRefusesABundleWithoutAny() throws Exception {
    connect();
    TestCa second = new TestCa("second");

    fake.push(
        WatchResponse.newBuilder()
            .setResource("trust")
            .setTrust(TrustBundle.getDefaultInstance())
            .build());
    assertThat(fake.next().getNack().getReason()).contains("no roots");
    fake.push(
        WatchResponse.newBuilder()
            .setResource("trust")
            .setVersion(2)
            .setTrust(
                TrustBundle.newBuilder()
                    .addRoots(ByteString.copyFrom(ca.root().getEncoded()))
                    .addRoots(ByteString.copyFrom(second.root().getEncoded())))
            .build());

    assertThat(fake.next().getAck().getVersion()).isEqualTo(2);
    assertThat(listener.nextCertificate().roots()).containsExactly(ca.root(), second.root());
  }

  @Test
  void tellsWhatItHoldsAfterHelloAndWheneverThatChanged() throws Exception {
    connect();
    Holding first = fake.holdings.poll(10, TimeUnit.SECONDS);
    assertThat(first.getLeafRoot()).isEqualTo(TrustRoots.fingerprint(ca.root()));
    assertThat(first.getRootsList()).containsExactly(TrustRoots.fingerprint(ca.root()));
    assertThat(Instant.ofEpochMilli(first.getLeafNotAfterEpochMillis())).isAfter(Instant.now());
    TestCa second = new TestCa("second");

    fake.push(
        WatchResponse.newBuilder()
            .setResource("trust")
            .setVersion(2)
            .setTrust(
                TrustBundle.newBuilder()
                    .addRoots(ByteString.copyFrom(ca.root().getEncoded()))
                    .addRoots(ByteString.copyFrom(second.root().getEncoded()))
                    .setLeafRoot(TrustRoots.fingerprint(ca.root())))
            .build());

    Holding next = fake.holdings.poll(10, TimeUnit.SECONDS);
    assertThat(next.getRootsList())
        .containsExactly(TrustRoots.fingerprint(ca.root()), TrustRoots.fingerprint(second.root()));
    assertThat(next.getLeafRoot()).isEqualTo(first.getLeafRoot());
    fake.stop();
    fake.start();
    assertThat(fake.holdings.poll(10, TimeUnit.SECONDS)).isEqualTo(next);
  }

  @Test
  void readsTheFileOfRootsAgainUntilItHasBeenTold() throws Exception {
    new TestCa("of yesterday").writeRoot(folder.resolve("roots.pem"));
    fake.start();
    ControlPlane control = start();
    await(() -> control.missing().getFirst().contains("does not chain to the trust roots"));

    ca.writeRoot(folder.resolve("roots.pem"));

    assertThat(listener.nextCertificate().roots()).containsExactly(ca.root());
  }

  @Test
  void saysWhichFileHoldsNoTrustRoots() throws Exception {
    Files.writeString(folder.resolve("roots.pem"), "");

    assertThatThrownBy(this::start)
        .hasMessageContaining("roots.pem")
        .hasMessageContaining("expected");
  }

  @Test
  void saysWhichTokenFileIsMissing() throws Exception {
    Files.delete(folder.resolve("token"));
    fake.start();
    ControlPlane control = start();

    await(() -> control.missing().getFirst().contains(folder.resolve("token").toString()));
  }

  private ControlPlane start() {
    return start(fake.port());
  }

  private ControlPlane start(int port) {
    ControlPlane control =
        new ControlPlane(
            new ControlSettings(
                new HostPort("127.0.0.1", port),
                SpiffeId.parse(FakeControlPlane.IDENTITY),
                WEB,
                "shop",
                "web",
                2,
                "127.1.4.1",
                folder.resolve("roots.pem"),
                folder.resolve("token"),
                Duration.ofSeconds(20)),
            listener,
            group,
            NioSocketChannel.class,
            Ticker.systemTicker(),
            clock,
            RandomGenerator.getDefault(),
            metrics);
    started = control;
    control.start();
    return control;
  }

  /** With certificate and configuration. */
  private ControlPlane connect() throws Exception {
    fake.start();
    ControlPlane control = start();
    listener.nextCertificate();
    assertThat(fake.next().hasHello()).isTrue();
    fake.push(workload(1));
    assertThat(fake.next().hasAck()).isTrue();
    return control;
  }

  private static WatchResponse workload(long version) {
    return WatchResponse.newBuilder()
        .setResource("workload")
        .setVersion(version)
        .setWorkload(WorkloadWire.encode(CONFIG))
        .build();
  }

  private static Destination cart() {
    return new Destination(CART, AppProtocol.HTTP, List.of(), Map.of());
  }

  private static WatchResponse destination(long version) {
    return WatchResponse.newBuilder()
        .setResource("destination/shop/cart/8080")
        .setVersion(version)
        .setDestination(DestinationWire.encode(cart()))
        .build();
  }

  private static WatchResponse notFound(long version) {
    return WatchResponse.newBuilder()
        .setResource("destination/shop/cart/8080")
        .setVersion(version)
        .setNotFound(
            NotFound.newBuilder()
                .setService(DestinationWire.encode(CART))
                .setReason("no such service"))
        .build();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    // Bounded by the class's timeout.
    while (!condition.getAsBoolean()) {
      Thread.sleep(5);
    }
  }

  private static final class Recording implements ControlListener {
    final BlockingQueue<WorkloadCertificate> certificates = new LinkedBlockingQueue<>();
    final BlockingQueue<WorkloadConfig> configs = new LinkedBlockingQueue<>();

    WorkloadCertificate nextCertificate() throws InterruptedException {
      WorkloadCertificate certificate = certificates.poll(10, TimeUnit.SECONDS);
      if (certificate == null) {
        throw new AssertionError("no certificate came for 10 s");
      }
      return certificate;
    }

    @Override
    public void certificate(WorkloadCertificate certificate) {
      certificates.add(certificate);
    }

    @Override
    public void expired(WorkloadCertificate certificate, String why) {
      throw new AssertionError("nothing expires in this test: " + why);
    }

    @Override
    public void workload(WorkloadConfig config) {
      configs.add(config);
    }
  }
}
