package io.refmesh.proxy;

import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.SpiffeId;
import java.net.URI;
import java.util.Optional;
import java.util.Set;

/**
 * What the proxy tells about exchanges, and to whom.
 *
 * @param accessLogRate lines per second; more are left out
 * @param redactQuery query parameters whose values are told nobody
 * @param redactHeaders fields, beyond credentials, whose values are told nobody
 * @param recorderBytes memory of the flight recorder; 0: off
 * @param otlp where spans are sent, {@code http://} or {@code https://} with host and port; empty:
 *     no spans
 * @param samplePercent share of requests without trace that begin one
 * @param tap where taps are served; empty: nowhere
 * @param tapIdentities who may tap
 */
record TelemetryConfig(
    AccessLogging accessLog,
    int accessLogRate,
    Set<String> redactQuery,
    Set<String> redactHeaders,
    int recorderBytes,
    Optional<URI> otlp,
    double samplePercent,
    Optional<HostPort> tap,
    Set<SpiffeId> tapIdentities) {

  /** Whether each exchange is written to standard output. */
  enum AccessLogging {
    OFF,
    TEXT,
    JSON
  }
}
