package io.refmesh.control.publish;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.refmesh.control.build.Addresses;
import io.refmesh.control.build.InstanceId;
import io.refmesh.control.build.Snapshots;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.wire.DestinationWire;
import io.refmesh.model.wire.v1.Ack;
import io.refmesh.model.wire.v1.Hello;
import io.refmesh.model.wire.v1.Holding;
import io.refmesh.model.wire.v1.Nack;
import io.refmesh.model.wire.v1.WatchRequest;
import io.refmesh.model.wire.v1.WatchResponse;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PublisherTest {

  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final ServicePort CART = new ServicePort("shop", "cart", 80);
  private static final String RESOURCE = "destination/shop/cart/80";

  private static final RootName OLD = new RootName("aa");
  private static final RootName NEW = new RootName("bb");

  private final Counts counts = new Counts();
  private final Publisher publisher =
      new Publisher(
          "cluster.local",
          List.of(new byte[] {1}),
          OLD,
          InstantSource.fixed(Instant.parse("2026-11-23T12:00:00Z")),
          counts);

  @Test
  void sendsNothingToAProxyUntilItSaidWhoItIs() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    Session session = publisher.connected(wire, WEB);
    assertThat(wire.sent).isEmpty();

    publisher.received(session, subscribe());

    assertThat(wire.status.map(Status::getCode)).contains(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void sendsAVersionOnlyWhenTheValueChanged() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    connected(wire);
    assertThat(wire.sent)
        .extracting(WatchResponse::getResource)
        .containsExactly("trust", "workload", RESOURCE);
    long first = wire.last().getVersion();

    publisher.publish(snapshots(AppProtocol.HTTP));
    assertThat(wire.sent).hasSize(3);

    publisher.publish(snapshots(AppProtocol.GRPC));
    assertThat(wire.sent).hasSize(4);
    assertThat(wire.last().getVersion()).isGreaterThan(first);
  }

  @Test
  void tellsEveryProxyToTrustMoreRootsWithTheNextState() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    connected(wire);

    publisher.trust(List.of(new byte[] {1}, new byte[] {2}), OLD);
    publisher.publish(snapshots(AppProtocol.HTTP));

    assertThat(wire.sent).hasSize(4);
    assertThat(wire.last().getResource()).isEqualTo("trust");
    assertThat(wire.last().getTrust().getRootsCount()).isEqualTo(2);
  }

  @Test
  void tellsEveryProxyUnderWhichRootLeavesAreSigned() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    connected(wire);

    publisher.trust(List.of(new byte[] {1}), NEW);
    publisher.publish(snapshots(AppProtocol.HTTP));

    assertThat(RootName.of(wire.last().getTrust().getLeafRoot().toByteArray())).isEqualTo(NEW);
  }

  @Test
  void namesTheWorkloadsThatHoldACertificateUnderARootAndOnlyWhileItLives() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Session session = connected(new Wire());
    assertThat(publisher.holders(OLD)).isEmpty();

    publisher.received(session, holding(OLD, "2026-11-23T12:00:01Z"));
    assertThat(publisher.holders(OLD)).singleElement().asString().contains("shop/web");
    assertThat(publisher.holders(NEW)).isEmpty();
    assertThat(publisher.proxies().getFirst().holding())
        .isEqualTo(new ProxyView.Holding("aa", "2026-11-23T12:00:01Z", List.of("aa", "bb")));

    publisher.received(session, holding(OLD, "2026-11-23T12:00:00Z"));
    assertThat(publisher.holders(OLD)).isEmpty();
  }

  private static WatchRequest holding(RootName leafRoot, String notAfter) {
    return WatchRequest.newBuilder()
        .setHolding(
            Holding.newBuilder()
                .setLeafRoot(ByteString.copyFrom(leafRoot.bytes()))
                .setLeafNotAfterEpochMillis(Instant.parse(notAfter).toEpochMilli())
                .addRoots(ByteString.copyFrom(OLD.bytes()))
                .addRoots(ByteString.copyFrom(NEW.bytes())))
        .build();
  }

  @Test
  void givesProxiesOfOneNamespaceTheSameVersion() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire one = new Wire();
    Wire two = new Wire();
    connected(one);
    connected(two);

    assertThat(two.last()).isEqualTo(one.last());
  }

  @Test
  void skipsVersionsThatASlowProxyCouldNotTake() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    Session session = connected(wire);
    wire.ready = false;

    publisher.publish(snapshots(AppProtocol.GRPC));
    publisher.publish(snapshots(AppProtocol.H2C));
    publisher.publish(snapshots(AppProtocol.TLS));
    assertThat(wire.sent).hasSize(3);
    wire.ready = true;
    publisher.ready(session);

    assertThat(wire.sent).hasSize(4);
    assertThat(wire.last().getDestination().getProtocolValue())
        .isEqualTo(AppProtocol.TLS.ordinal());
  }

  @Test
  void keepsVersionsGrowingWhenACallersNamespaceGetsAndLosesItsOwnRoutes() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    connected(wire);
    Destination own = destination(AppProtocol.GRPC);

    Snapshots base = snapshots(AppProtocol.HTTP);
    publisher.publish(
        new Snapshots(
            base.workloads(),
            base.destinations(),
            Map.of("shop", Map.of(CART, own)),
            Addresses.NONE,
            List.of(),
            List.of()));
    publisher.publish(base);

    assertThat(wire.sent).hasSize(5);
    assertThat(wire.sent.stream().skip(2).map(WatchResponse::getVersion))
        .isSorted()
        .doesNotHaveDuplicates();
  }

  @Test
  void remembersWhatAProxyAppliedAndRefused() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    Session session = connected(wire);
    long version = wire.last().getVersion();

    publisher.received(session, ack(version));
    publisher.publish(snapshots(AppProtocol.GRPC));
    long next = wire.last().getVersion();
    publisher.received(session, nack(next, "cannot"));

    assertThat(publisher.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.object()).isEqualTo("Proxy shop/web/0");
          assertThat(problem.message())
              .contains(
                  "version " + next + " was refused: cannot",
                  "version " + version + " stays in force");
        });
    assertThat(counts.acknowledged).isEqualTo(1);
    assertThat(counts.refused).isEqualTo(1);

    publisher.publish(snapshots(AppProtocol.TLS));
    publisher.received(session, ack(wire.last().getVersion()));
    assertThat(publisher.problems()).isEmpty();
  }

  @Test
  void ignoresAWordOnAVersionThatWasNeverSent() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    Session session = connected(wire);

    publisher.received(session, ack(Long.MAX_VALUE));
    publisher.received(session, nack(Long.MAX_VALUE, "no"));

    assertThat(counts.acknowledged + counts.refused).isZero();
    assertThat(publisher.problems()).isEmpty();
  }

  @Test
  void boundsTheSubscriptionsOfAProxy() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    Session session = connected(wire);

    for (int count = 0; count < Publisher.SUBSCRIPTIONS_MAX; count++) {
      publisher.received(session, subscribe(new ServicePort("shop", "s" + count, 80)));
    }

    assertThat(wire.status.map(Status::getCode)).contains(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(publisher.proxies()).isEmpty();
  }

  @Test
  void endsAStreamWhoseWorkloadGotAnotherIdentity() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    connected(wire);

    publisher.publish(
        new Snapshots(
            Map.of(
                new InstanceId("shop", "web", 0, "127.1.2.1"),
                new Snapshots.Workload(new SpiffeId("cluster.local", "shop", "other"), config())),
            Map.of(),
            Map.of(),
            Addresses.NONE,
            List.of(),
            List.of()));

    assertThat(wire.status.map(Status::getCode)).contains(Status.Code.PERMISSION_DENIED);
  }

  @Test
  void sendsAServiceThatWentAsNotFound() {
    publisher.publish(snapshots(AppProtocol.HTTP));
    Wire wire = new Wire();
    connected(wire);

    Snapshots base = snapshots(AppProtocol.HTTP);
    publisher.publish(
        new Snapshots(base.workloads(), Map.of(), Map.of(), Addresses.NONE, List.of(), List.of()));

    assertThat(wire.last().hasNotFound()).isTrue();
  }

  private Session connected(Wire wire) {
    Session session = publisher.connected(wire, WEB);
    publisher.received(
        session,
        WatchRequest.newBuilder()
            .setHello(
                Hello.newBuilder().setNamespace("shop").setWorkload("web").setAddress("127.1.2.1"))
            .build());
    publisher.received(session, subscribe());
    return session;
  }

  private static WatchRequest subscribe() {
    return subscribe(CART);
  }

  private static WatchRequest subscribe(ServicePort port) {
    return WatchRequest.newBuilder().setSubscribe(DestinationWire.encode(port)).build();
  }

  private static WatchRequest ack(long version) {
    return WatchRequest.newBuilder()
        .setAck(Ack.newBuilder().setResource(RESOURCE).setVersion(version))
        .build();
  }

  private static WatchRequest nack(long version, String reason) {
    return WatchRequest.newBuilder()
        .setNack(Nack.newBuilder().setResource(RESOURCE).setVersion(version).setReason(reason))
        .build();
  }

  private static Snapshots snapshots(AppProtocol protocol) {
    return new Snapshots(
        Map.of(
            new InstanceId("shop", "web", 0, "127.1.2.1"), new Snapshots.Workload(WEB, config())),
        Map.of(CART, destination(protocol)),
        Map.of(),
        Addresses.NONE,
        List.of(),
        List.of());
  }

  private static Destination destination(AppProtocol protocol) {
    return new Destination(CART, protocol, List.of(), Map.of());
  }

  private static WorkloadConfig config() {
    return new WorkloadConfig(
        new InboundPolicy(InboundPolicy.Default.ALL_UNAUTHENTICATED, "cluster.local", List.of()),
        List.of());
  }

  private static final class Wire implements ProxyStream {
    private final List<WatchResponse> sent = new ArrayList<>();
    private boolean ready = true;
    private Optional<Status> status = Optional.empty();

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void send(WatchResponse response) {
      assertThat(ready).as("a message to a stream that is not ready").isTrue();
      sent.add(response);
    }

    @Override
    public void end(Status status) {
      this.status = Optional.of(status);
    }

    WatchResponse last() {
      return sent.getLast();
    }
  }

  private static final class Counts implements Publisher.Listener {
    private int acknowledged;
    private int refused;

    @Override
    public void connected(int proxies) {}

    @Override
    public void sent() {}

    @Override
    public void acknowledged() {
      acknowledged++;
    }

    @Override
    public void refused() {
      refused++;
    }
  }
}
