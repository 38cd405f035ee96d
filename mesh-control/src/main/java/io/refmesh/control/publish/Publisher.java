package io.refmesh.control.publish;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.refmesh.control.build.InstanceId;
import io.refmesh.control.build.Snapshots;
import io.refmesh.control.registry.Problem;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.AddressWire;
import io.refmesh.model.wire.DestinationWire;
import io.refmesh.model.wire.WorkloadWire;
import io.refmesh.model.wire.v1.Hello;
import io.refmesh.model.wire.v1.NotFound;
import io.refmesh.model.wire.v1.TrustBundle;
import io.refmesh.model.wire.v1.WatchRequest;
import io.refmesh.model.wire.v1.WatchResponse;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sends every proxy what it asked for, whole, each time it changed, and keeps what each proxy said
 * to it. A version is given when a value differs from the last one, and versions only grow, also
 * over a restart of the control plane. Confined to the writer thread.
 */
public final class Publisher {

  static final String WORKLOAD = "workload";
  static final String TRUST = "trust";

  /** A workload that calls more ports than this is not one. */
  static final int SUBSCRIPTIONS_MAX = 10_000;

  private static final Logger LOG = System.getLogger(Publisher.class.getName());

  private final InstantSource clock;
  private final Listener listener;
  private TrustBundle trust;
  private final String trustDomain;
  private final Set<Session> sessions = new LinkedHashSet<>();
  private final Map<Key, Entry> entries = new HashMap<>();
  private Snapshots snapshots = Snapshots.EMPTY;
  private long lastVersion;

  /** Told of what happens, on the writer thread. */
  public interface Listener {
    void connected(int proxies);

    void sent();

    void acknowledged();

    void refused();
  }

  /** One value that is versioned: the same for all proxies of the scope. */
  private record Key(String scope, String resource) {}

  private record Entry(WatchResponse response) {
    long version() {
      return response.getVersion();
    }
  }

  /**
   * @param trustRoots in DER
   * @param leafRoot under which certificates are signed
   */
  public Publisher(
      String trustDomain,
      List<byte[]> trustRoots,
      RootName leafRoot,
      InstantSource clock,
      Listener listener) {
    this.trustDomain = trustDomain;
    this.clock = clock;
    this.listener = listener;
    trust = bundle(trustRoots, leafRoot);
    // Proxies keep the last version over our restart. Fewer changes than one a millisecond keep a
    // new start ahead of the last.
    lastVersion = clock.millis();
  }

  /**
   * Makes these the roots that proxies are told to trust, from the next {@link #publish} on.
   *
   * @param roots in DER
   * @param leafRoot under which certificates are signed; proxies renew theirs soon when it is
   *     another
   */
  public void trust(List<byte[]> roots, RootName leafRoot) {
    trust = bundle(roots, leafRoot);
  }

  /** Connected workloads that hold a certificate under this root which has not ended. */
  public List<String> holders(RootName root) {
    Instant now = clock.instant();
    return sessions.stream()
        .filter(session -> session.holds(root, now))
        .map(session -> String.valueOf(session.instance()))
        .sorted()
        .toList();
  }

  /** Makes this what proxies are told, and tells it to those whom it concerns. */
  public void publish(Snapshots next) {
    snapshots = next;
    Map<Key, Entry> fresh = new HashMap<>();
    for (Session session : List.copyOf(sessions)) {
      offer(session, fresh);
    }
    Set<Key> wanted = new HashSet<>();
    for (Session session : sessions) {
      session
          .subscriptions()
          .forEach((resource, subscription) -> wanted.add(key(session, resource, subscription)));
    }
    entries.keySet().retainAll(wanted);
  }

  /** A stream of a client whose certificate names this identity. */
  Session connected(ProxyStream stream, SpiffeId identity) {
    Session session = new Session(stream, identity, clock.instant());
    sessions.add(session);
    listener.connected(sessions.size());
    return session;
  }

  void disconnected(Session session) {
    if (sessions.remove(session)) {
      listener.connected(sessions.size());
      LOG.log(Level.INFO, "proxy gone: {0}", session.instance());
    }
  }

  void received(Session session, WatchRequest request) {
    if (!sessions.contains(session)) {
      return;
    }
    if (session.instance() == null && !request.hasHello()) {
      end(
          session,
          Status.INVALID_ARGUMENT.withDescription(
              "the first message is " + request.getRequestCase() + " (expected: hello)"));
      return;
    }
    switch (request.getRequestCase()) {
      case HELLO -> hello(session, request.getHello());
      case SUBSCRIBE -> subscribe(session, request.getSubscribe());
      case UNSUBSCRIBE ->
          maybePort(request.getUnsubscribe())
              .ifPresent(port -> session.unsubscribe(resource(port)));
      case SUBSCRIBE_ADDRESS -> subscribeAddress(session, request.getSubscribeAddress());
      case UNSUBSCRIBE_ADDRESS ->
          maybeAddress(request.getUnsubscribeAddress())
              .ifPresent(address -> session.unsubscribe(resource(address)));
      case ACK -> {
        if (session.acknowledged(request.getAck().getResource(), request.getAck().getVersion())) {
          listener.acknowledged();
        }
      }
      case NACK -> {
        var nack = request.getNack();
        if (session.refused(nack.getResource(), nack.getVersion(), nack.getReason())) {
          listener.refused();
          LOG.log(
              Level.WARNING,
              "proxy refused a version: proxy={0} resource={1} version={2}: {3}",
              session.instance(),
              nack.getResource(),
              Long.toString(nack.getVersion()),
              nack.getReason());
        }
      }
      case HOLDING -> session.holding(request.getHolding());
      case REQUEST_NOT_SET -> {
        // A kind of request that a newer proxy knows: nothing we could answer.
      }
    }
  }

  /** The stream takes messages again. */
  void ready(Session session) {
    if (sessions.contains(session)) {
      flush(session);
    }
  }

  /** Ends all streams; proxies go on with what they have and come back. */
  public void close() {
    for (Session session : List.copyOf(sessions)) {
      end(session, Status.UNAVAILABLE.withDescription("the control plane is shutting down"));
    }
  }

  public Snapshots snapshots() {
    return snapshots;
  }

  /** What proxies refused. */
  public List<Problem> problems() {
    List<Problem> problems = new ArrayList<>();
    sessions.forEach(session -> problems.addAll(session.problems()));
    return problems;
  }

  public List<ProxyView> proxies() {
    return sessions.stream().map(Session::view).toList();
  }

  private void hello(Session session, Hello hello) {
    if (session.instance() != null) {
      end(
          session,
          Status.INVALID_ARGUMENT.withDescription(
              "a second hello (expected: one for each stream)"));
      return;
    }
    InstanceId instance =
        new InstanceId(
            hello.getNamespace(), hello.getWorkload(), hello.getReplica(), hello.getAddress());
    SpiffeId identity = session.identity();
    if (!identity.trustDomain().equals(trustDomain)
        || !identity.namespace().equals(instance.namespace())) {
      refuse(
          session,
          instance,
          "an identity of namespace " + instance.namespace() + " in " + trustDomain);
      return;
    }
    session.hello(instance);
    session.subscribe(TRUST, Optional.empty());
    session.subscribe(WORKLOAD, Optional.empty());
    LOG.log(Level.INFO, "proxy connected: {0} identity={1}", instance, identity);
    offer(session, new HashMap<>());
  }

  private void subscribe(Session session, io.refmesh.model.wire.v1.ServicePort message) {
    Optional<ServicePort> port = maybePort(message);
    if (port.isEmpty()) {
      end(
          session,
          Status.INVALID_ARGUMENT.withDescription(
              "a subscription without namespace, service or port"));
      return;
    }
    String resource = resource(port.get());
    if (hasRoom(session) && session.subscribe(resource, port)) {
      subscribed(session, resource);
    }
  }

  private void subscribeAddress(Session session, io.refmesh.model.wire.v1.HostPort message) {
    Optional<HostPort> address = maybeAddress(message);
    if (address.isEmpty()) {
      end(
          session,
          Status.INVALID_ARGUMENT.withDescription("a subscription without address or port"));
      return;
    }
    String resource = resource(address.get());
    if (hasRoom(session) && session.subscribeAddress(resource, address.get())) {
      subscribed(session, resource);
    }
  }

  private boolean hasRoom(Session session) {
    if (session.subscriptions().size() < SUBSCRIPTIONS_MAX) {
      return true;
    }
    end(
        session,
        Status.RESOURCE_EXHAUSTED.withDescription(
            "more than " + SUBSCRIPTIONS_MAX + " subscriptions"));
    return false;
  }

  private void subscribed(Session session, String resource) {
    InstanceId instance = session.instance();
    if (instance != null && verified(session, instance)) {
      offer(session, instance, resource, session.requireSubscription(resource), new HashMap<>());
      flush(session);
    }
  }

  /**
   * Sends what changed for one proxy.
   *
   * @param fresh what this publication has compared already
   */
  private void offer(Session session, Map<Key, Entry> fresh) {
    InstanceId instance = session.instance();
    if (instance == null || !verified(session, instance)) {
      return;
    }
    session
        .subscriptions()
        .forEach(
            (resource, subscription) -> offer(session, instance, resource, subscription, fresh));
    flush(session);
  }

  private void offer(
      Session session,
      InstanceId instance,
      String resource,
      Session.Subscription subscription,
      Map<Key, Entry> fresh) {
    Key key = key(session, resource, subscription);
    Entry entry = fresh.get(key);
    if (entry == null) {
      entry = maybeEntry(key, instance, subscription);
      if (entry == null) {
        return;
      }
      fresh.put(key, entry);
    }
    if (entry.version() > subscription.sent()) {
      session.waiting().add(resource);
    }
  }

  /** A proxy that comes before its workload is known waits; one with another identity goes. */
  private boolean verified(Session session, InstanceId instance) {
    Snapshots.Workload workload = snapshots.workloads().get(instance);
    if (workload == null) {
      return session.verified();
    }
    if (!workload.identity().equals(session.identity())) {
      refuse(session, instance, workload.identity().uri());
      return false;
    }
    session.verify();
    return true;
  }

  private void refuse(Session session, InstanceId instance, String expected) {
    LOG.log(
        Level.WARNING,
        "proxy refused: {0} came with {1} (expected: {2})",
        instance,
        session.identity(),
        expected);
    end(
        session,
        Status.PERMISSION_DENIED.withDescription(
            instance
                + " came with the certificate of "
                + session.identity()
                + " (expected: "
                + expected
                + ")"));
  }

  private void flush(Session session) {
    Iterator<String> waiting = session.waiting().iterator();
    while (waiting.hasNext() && session.stream().isReady()) {
      String resource = waiting.next();
      waiting.remove();
      Session.Subscription subscription = session.subscriptions().get(resource);
      Entry entry = subscription == null ? null : entries.get(key(session, resource, subscription));
      if (entry != null) {
        session.sent(resource, entry.version());
        session.stream().send(entry.response());
        listener.sent();
      }
    }
  }

  /**
   * The current value with its version, which is a new one when the value is; null when there is
   * nothing to say yet.
   */
  private @Nullable Entry maybeEntry(
      Key key, InstanceId instance, Session.Subscription subscription) {
    WatchResponse value = maybeValue(instance, key.resource, subscription);
    Entry before = entries.get(key);
    if (value == null) {
      // The workload's instance is gone from the registry: what its proxy was told last still
      // holds.
      return before;
    }
    if (before != null && before.response.toBuilder().clearVersion().build().equals(value)) {
      return before;
    }
    Entry entry = new Entry(value.toBuilder().setVersion(nextVersion()).build());
    entries.put(key, entry);
    return entry;
  }

  private @Nullable WatchResponse maybeValue(
      InstanceId instance, String resource, Session.Subscription subscription) {
    WatchResponse.Builder response = WatchResponse.newBuilder().setResource(resource);
    if (subscription.port().isPresent()) {
      ServicePort port = subscription.port().get();
      Optional<Destination> destination = snapshots.destination(instance.namespace(), port);
      return destination.isPresent()
          ? response.setDestination(DestinationWire.encode(destination.get())).build()
          : response
              .setNotFound(
                  NotFound.newBuilder()
                      .setService(DestinationWire.encode(port))
                      .setReason(snapshots.absence(port)))
              .build();
    }
    if (subscription.address().isPresent()) {
      HostPort address = subscription.address().get();
      return response.setAddress(AddressWire.encode(address, snapshots.address(address))).build();
    }
    if (resource.equals(TRUST)) {
      return response.setTrust(trust).build();
    }
    Snapshots.Workload workload = snapshots.workloads().get(instance);
    return workload == null
        ? null
        : response.setWorkload(WorkloadWire.encode(workload.config())).build();
  }

  // Destinations may differ by the caller's namespace, the workload's own configuration by
  // instance.
  private static Key key(Session session, String resource, Session.Subscription subscription) {
    InstanceId instance = session.instance();
    if (instance == null || resource.equals(TRUST) || subscription.address().isPresent()) {
      return new Key("", resource);
    }
    return new Key(
        subscription.port().isPresent() ? instance.namespace() : instance.toString(), resource);
  }

  private static TrustBundle bundle(List<byte[]> roots, RootName leafRoot) {
    TrustBundle.Builder bundle =
        TrustBundle.newBuilder().setLeafRoot(ByteString.copyFrom(leafRoot.bytes()));
    roots.forEach(root -> bundle.addRoots(ByteString.copyFrom(root)));
    return bundle.build();
  }

  private long nextVersion() {
    return ++lastVersion;
  }

  private void end(Session session, Status status) {
    if (sessions.remove(session)) {
      listener.connected(sessions.size());
      session.stream().end(status);
    }
  }

  private static Optional<ServicePort> maybePort(io.refmesh.model.wire.v1.ServicePort message) {
    try {
      return Optional.of(DestinationWire.decode(message));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Optional<HostPort> maybeAddress(io.refmesh.model.wire.v1.HostPort message) {
    try {
      return Optional.of(DestinationWire.decode(message));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static String resource(HostPort address) {
    return "address/" + address.host() + "/" + address.port();
  }

  static String resource(ServicePort port) {
    return "destination/" + port.namespace() + "/" + port.service() + "/" + port.port();
  }
}
