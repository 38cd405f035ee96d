package io.refmesh.control.publish;

import com.google.protobuf.ByteString;
import io.refmesh.control.build.InstanceId;
import io.refmesh.control.registry.Problem;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.Holding;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One proxy's stream: who it is, what it asked for, what it was sent and what it said to that. Only
 * the newest version of a resource waits for a slow proxy, so what waits is bounded by what it
 * asked for. Confined to the writer thread.
 */
final class Session {

  /** What a proxy said to a version that it could not apply. */
  private static final int REASON_CHARACTERS_MAX = 2_000;

  private static final int ROOTS_MAX = 32;
  private static final int ROOT_NAME_BYTES_MAX = 32;

  private final ProxyStream stream;
  private final SpiffeId identity;
  private final Instant since;
  private @Nullable InstanceId instance;
  private boolean verified;
  private final Map<String, Subscription> subscriptions = new LinkedHashMap<>();
  private final Set<String> waiting = new LinkedHashSet<>();
  private ProxyView.@Nullable Holding holding;

  /** One resource that the proxy is told. */
  static final class Subscription {
    private final Optional<ServicePort> port;
    private final Optional<HostPort> address;
    private long sent;
    private long applied;
    private long refused;
    private String reason = "";

    private Subscription(Optional<ServicePort> port, Optional<HostPort> address) {
      this.port = port;
      this.address = address;
    }

    /** Empty for addresses, the workload's own configuration and the trust roots. */
    Optional<ServicePort> port() {
      return port;
    }

    Optional<HostPort> address() {
      return address;
    }

    long sent() {
      return sent;
    }
  }

  Session(ProxyStream stream, SpiffeId identity, Instant since) {
    this.stream = stream;
    this.identity = identity;
    this.since = since;
  }

  ProxyStream stream() {
    return stream;
  }

  SpiffeId identity() {
    return identity;
  }

  @Nullable InstanceId instance() {
    return instance;
  }

  /** It says who it is; true is told only once {@link #verify} was called. */
  void hello(InstanceId instance) {
    this.instance = instance;
  }

  boolean verified() {
    return verified;
  }

  void verify() {
    verified = true;
  }

  /** False when it is subscribed already. */
  boolean subscribe(String resource, Optional<ServicePort> port) {
    return subscriptions.putIfAbsent(resource, new Subscription(port, Optional.empty())) == null;
  }

  /** As {@link #subscribe}, to what is at an address. */
  boolean subscribeAddress(String resource, HostPort address) {
    return subscriptions.putIfAbsent(
            resource, new Subscription(Optional.empty(), Optional.of(address)))
        == null;
  }

  Subscription requireSubscription(String resource) {
    return Objects.requireNonNull(subscriptions.get(resource), () -> "not subscribed: " + resource);
  }

  void unsubscribe(String resource) {
    subscriptions.remove(resource);
    waiting.remove(resource);
  }

  Map<String, Subscription> subscriptions() {
    return subscriptions;
  }

  Set<String> waiting() {
    return waiting;
  }

  void sent(String resource, long version) {
    Subscription subscription = subscriptions.get(resource);
    if (subscription != null) {
      subscription.sent = version;
    }
  }

  /** True when the version is one that was sent. */
  boolean acknowledged(String resource, long version) {
    Subscription subscription = subscriptions.get(resource);
    if (subscription == null || version > subscription.sent || version < subscription.applied) {
      return false;
    }
    subscription.applied = version;
    if (version > subscription.refused) {
      subscription.reason = "";
    }
    return true;
  }

  boolean refused(String resource, long version, String reason) {
    Subscription subscription = subscriptions.get(resource);
    if (subscription == null || version > subscription.sent || version < subscription.refused) {
      return false;
    }
    subscription.refused = version;
    subscription.reason =
        reason.length() <= REASON_CHARACTERS_MAX
            ? reason
            : reason.substring(0, REASON_CHARACTERS_MAX) + "…";
    return true;
  }

  /**
   * What the proxy says that it proves and believes. Roots beyond the bound are not remembered:
   * more are never told.
   */
  void holding(Holding told) {
    holding =
        new ProxyView.Holding(
            name(told.getLeafRoot()).hex(),
            Instant.ofEpochMilli(told.getLeafNotAfterEpochMillis()).toString(),
            told.getRootsList().stream().limit(ROOTS_MAX).map(root -> name(root).hex()).toList());
  }

  private static RootName name(ByteString told) {
    return told.size() > ROOT_NAME_BYTES_MAX ? new RootName("") : RootName.of(told.toByteArray());
  }

  /** Whether it holds a certificate under this root which has not ended. */
  boolean holds(RootName root, Instant now) {
    return holding != null
        && holding.leafRoot().equals(root.hex())
        && Instant.parse(holding.leafNotAfter()).isAfter(now);
  }

  List<Problem> problems() {
    List<Problem> problems = new ArrayList<>();
    subscriptions.forEach((resource, subscription) -> {
      if (!subscription.reason.isEmpty()) {
        problems.add(
            new Problem(
                "",
                0,
                0,
                "Proxy " + instance,
                resource,
                "version "
                    + subscription.refused
                    + " was refused: "
                    + subscription.reason
                    + (subscription.applied > 0
                        ? " (version " + subscription.applied + " stays in force there)"
                        : " (it has none)")));
      }
    });
    return problems;
  }

  ProxyView view() {
    List<ProxyView.Resource> resources = new ArrayList<>();
    subscriptions.forEach((resource, subscription) ->
        resources.add(
            new ProxyView.Resource(
                resource,
                subscription.sent,
                subscription.applied,
                subscription.refused,
                subscription.reason)));
    return new ProxyView(
        instance == null ? "" : instance.namespace(),
        instance == null ? "" : instance.workload(),
        instance == null ? 0 : instance.replica(),
        identity.uri(),
        verified,
        since.toString(),
        holding,
        resources);
  }
}
