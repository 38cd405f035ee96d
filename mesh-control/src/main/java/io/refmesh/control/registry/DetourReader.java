package io.refmesh.control.registry;

import io.refmesh.model.discovery.HostPort;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Reads a Detour. */
final class DetourReader {

  private DetourReader() {}

  static Optional<Detour> read(Metadata metadata, Origin origin, Fields spec) {
    List<TargetRef> targets = TargetRefs.read(metadata, spec, TargetRef.Kind.SERVICE);
    if (!spec.has("targetRefs")) {
      spec.missing("targetRefs", "the Services whose endpoints are dialled elsewhere");
    }
    List<Integer> endpoints = spec.integers("endpoints", 0, 9_999);
    if (!spec.has("via")) {
      spec.missing("via", "address:port where a Toxiproxy listens");
    }
    Optional<HostPort> via = spec.parsed("via", DetourReader::address);
    if (!spec.has("expiresAfter")) {
      spec.missing("expiresAfter", "a duration; a detour always ends");
    }
    Optional<Duration> expiresAfter =
        spec.duration("expiresAfter", Duration.ofMillis(1), Duration.ofHours(24));
    return via.isEmpty() || expiresAfter.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Detour(metadata, origin, targets, endpoints, via.get(), expiresAfter.get()));
  }

  private static HostPort address(String text) {
    HostPort address = HostPort.parse(text);
    try {
      InetAddress.ofLiteral(address.host());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" (expected: an IP address and a port, such as 127.0.0.1:8666)", e);
    }
    if (address.port() == 0) {
      throw new IllegalArgumentException("\"" + text + "\" (expected: a port from 1 to 65535)");
    }
    return address;
  }
}
