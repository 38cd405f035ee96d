package io.refmesh.chaos.scenario;

import java.util.Optional;

/**
 * A place between two sidecars where the harness sits: discovery sends callers of a service through
 * it, identity and TLS stay end to end.
 *
 * @param service the service whose callers come through
 * @param workload the workload of that service's endpoint
 * @param endpoint which replica is behind it
 * @param identity who a {@link Kind#ROGUE} proves to be, a service account
 */
public record Hop(
    String id,
    Kind kind,
    String service,
    String workload,
    int endpoint,
    int port,
    Optional<String> identity) {

  public enum Kind {
    /** A proxy of Toxiproxy. */
    TOXIPROXY,
    /** Passes bytes on and keeps a copy. */
    CAPTURE,
    /** A server with a valid certificate of somebody else. */
    ROGUE
  }
}
