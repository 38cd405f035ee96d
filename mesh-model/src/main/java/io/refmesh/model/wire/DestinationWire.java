package io.refmesh.model.wire;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.BackendSettings.Algorithm;
import io.refmesh.model.policy.BackendSettings.Balancer;
import io.refmesh.model.policy.BackendSettings.Ejection;
import io.refmesh.model.policy.BackendSettings.Hash;
import io.refmesh.model.policy.BackendSettings.Limits;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * {@link Destination} to and from its message. Decoding refuses what a record refuses, with an
 * {@link IllegalArgumentException} that becomes the text of a Nack.
 */
public final class DestinationWire {

  private DestinationWire() {}

  public static io.refmesh.model.wire.v1.Destination encode(Destination destination) {
    var message =
        io.refmesh.model.wire.v1.Destination.newBuilder()
            .setId(encode(destination.id()))
            .setProtocol(encode(destination.protocol()));
    destination.rules().forEach(rule -> message.addRules(RouteWire.encode(rule)));
    destination.backends().values().stream()
        .sorted((a, b) -> a.id().compareTo(b.id()))
        .forEach(backend -> message.addBackends(encode(backend)));
    destination
        .connectionRules()
        .forEach(rule -> message.addConnectionRules(RouteWire.encode(rule)));
    return message.build();
  }

  public static Destination decode(io.refmesh.model.wire.v1.Destination message) {
    Map<ServicePort, Backend> backends = new HashMap<>();
    for (var backend : message.getBackendsList()) {
      Backend decoded = decode(backend);
      backends.put(decoded.id(), decoded);
    }
    return new Destination(
        decode(message.getId()),
        decode(message.getProtocol()),
        message.getRulesList().stream().map(RouteWire::decode).toList(),
        backends,
        message.getConnectionRulesList().stream().map(RouteWire::decode).toList());
  }

  public static io.refmesh.model.wire.v1.ServicePort encode(ServicePort port) {
    return io.refmesh.model.wire.v1.ServicePort.newBuilder()
        .setNamespace(port.namespace())
        .setService(port.service())
        .setPort(port.port())
        .build();
  }

  public static ServicePort decode(io.refmesh.model.wire.v1.ServicePort message) {
    return new ServicePort(message.getNamespace(), message.getService(), message.getPort());
  }

  /** A workload that another authority named can be called like any other. */
  private static SpiffeId identity(String uri) {
    return SpiffeId.maybeParseForeign(uri).orElseGet(() -> SpiffeId.parse(uri));
  }

  public static io.refmesh.model.wire.v1.HostPort encode(HostPort address) {
    return io.refmesh.model.wire.v1.HostPort.newBuilder()
        .setHost(address.host())
        .setPort(address.port())
        .build();
  }

  public static HostPort decode(io.refmesh.model.wire.v1.HostPort message) {
    return new HostPort(message.getHost(), message.getPort());
  }

  static io.refmesh.model.wire.v1.AppProtocol encode(AppProtocol protocol) {
    return io.refmesh.model.wire.v1.AppProtocol.valueOf(protocol.name());
  }

  static AppProtocol decode(io.refmesh.model.wire.v1.AppProtocol protocol) {
    return protocol == io.refmesh.model.wire.v1.AppProtocol.UNRECOGNIZED
        ? AppProtocol.DETECT
        : AppProtocol.valueOf(protocol.name());
  }

  private static io.refmesh.model.wire.v1.Backend encode(Backend backend) {
    var message =
        io.refmesh.model.wire.v1.Backend.newBuilder()
            .setId(encode(backend.id()))
            .setProtocol(encode(backend.protocol()))
            .setSettings(encode(backend.settings()));
    backend.endpoints().forEach(endpoint -> message.addEndpoints(encode(endpoint)));
    return message.build();
  }

  private static Backend decode(io.refmesh.model.wire.v1.Backend message) {
    return new Backend(
        decode(message.getId()),
        decode(message.getProtocol()),
        message.getEndpointsList().stream().map(DestinationWire::decode).toList(),
        decode(message.getSettings()));
  }

  private static io.refmesh.model.wire.v1.Endpoint encode(EndpointSpec endpoint) {
    return io.refmesh.model.wire.v1.Endpoint.newBuilder()
        .setAddress(encode(endpoint.address()))
        .setDial(encode(endpoint.dial()))
        .setIdentity(endpoint.identity().map(SpiffeId::uri).orElse(""))
        .setZone(endpoint.zone())
        .setWeight(endpoint.weight())
        .setReady(endpoint.ready())
        .setWorkload(endpoint.workload())
        .setReplica(endpoint.replica())
        .build();
  }

  /**
   * An identity that cannot be read is an error, never "no sidecar": that would open a door to
   * plaintext.
   */
  private static EndpointSpec decode(io.refmesh.model.wire.v1.Endpoint message) {
    return new EndpointSpec(
        decode(message.getAddress()),
        decode(message.getDial()),
        message.getIdentity().isEmpty()
            ? Optional.empty()
            : Optional.of(identity(message.getIdentity())),
        message.getZone(),
        message.getWeight(),
        message.getReady(),
        message.getWorkload(),
        message.getReplica());
  }

  private static io.refmesh.model.wire.v1.BackendSettings encode(BackendSettings settings) {
    Ejection ejection = settings.ejection();
    Hash hash = settings.balancer().hash();
    return io.refmesh.model.wire.v1.BackendSettings.newBuilder()
        .setAlgorithm(
            settings.balancer().algorithm().name().toLowerCase(Locale.ROOT).replace('_', '-'))
        .setHashHeader(hash instanceof Hash.Header(String name) ? name : "")
        .setHashCookie(hash instanceof Hash.Cookie(String name) ? name : "")
        .setSlowStartMillis(settings.balancer().slowStart().toMillis())
        .setPreferZone(settings.balancer().preferZone())
        .setConsecutiveFailures(ejection.consecutiveFailures())
        .setSuccessPercent(ejection.successPercent())
        .setSuccessWindowMillis(ejection.successWindow().toMillis())
        .setSuccessMinRequests(ejection.successMinRequests())
        .setEjectionBaseMillis(ejection.backoffBase().toMillis())
        .setEjectionMaxMillis(ejection.backoffMax().toMillis())
        .setEjectionJitterPercent(ejection.jitterPercent())
        .setMaxEjectedPercent(ejection.maxEjectedPercent())
        .setInFlight(settings.limits().inFlight())
        .setAdaptive(settings.limits().adaptive())
        .setConnections(settings.limits().connections())
        .setPending(settings.limits().pending())
        .setConnectTimeoutMillis(settings.connectTimeout().toMillis())
        .build();
  }

  private static BackendSettings decode(io.refmesh.model.wire.v1.BackendSettings message) {
    return new BackendSettings(
        new Balancer(
            Algorithm.valueOf(message.getAlgorithm().toUpperCase(Locale.ROOT).replace('-', '_')),
            hash(message),
            Duration.ofMillis(message.getSlowStartMillis()),
            message.getPreferZone()),
        new Ejection(
            message.getConsecutiveFailures(),
            message.getSuccessPercent(),
            Duration.ofMillis(message.getSuccessWindowMillis()),
            message.getSuccessMinRequests(),
            Duration.ofMillis(message.getEjectionBaseMillis()),
            Duration.ofMillis(message.getEjectionMaxMillis()),
            message.getEjectionJitterPercent(),
            message.getMaxEjectedPercent()),
        new Limits(
            message.getInFlight(),
            message.getAdaptive(),
            message.getConnections(),
            message.getPending()),
        Duration.ofMillis(message.getConnectTimeoutMillis()));
  }

  private static Hash hash(io.refmesh.model.wire.v1.BackendSettings message) {
    if (!message.getHashHeader().isEmpty()) {
      return new Hash.Header(message.getHashHeader());
    }
    return message.getHashCookie().isEmpty()
        ? new Hash.Source()
        : new Hash.Cookie(message.getHashCookie());
  }
}
