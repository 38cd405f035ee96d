package io.refmesh.model.policy;

import io.refmesh.model.discovery.AppProtocol;
import java.util.List;
import java.util.Optional;

/**
 * Who may call one workload, port by port.
 *
 * @param probes let through without identity, whatever policies say
 */
public record InboundPolicy(
    Default defaultPolicy, String trustDomain, List<Port> ports, List<Probe> probes) {

  public InboundPolicy {
    ports = List.copyOf(ports);
    probes = List.copyOf(probes);
  }

  /** Of a workload whose health nobody asks for. */
  public InboundPolicy(Default defaultPolicy, String trustDomain, List<Port> ports) {
    this(defaultPolicy, trustDomain, ports, List.of());
  }

  /**
   * A request by which the kubelet asks for the workload's health.
   *
   * @param path with its query, exactly
   */
  public record Probe(int port, String path) {}

  /** What holds where no ALLOW policy selects the port. */
  public enum Default {
    ALL_UNAUTHENTICATED("all-unauthenticated"),
    ALL_AUTHENTICATED("all-authenticated"),
    CLUSTER_AUTHENTICATED("cluster-authenticated"),
    DENY("deny"),
    AUDIT("audit");

    private final String text;

    Default(String text) {
      this.text = text;
    }

    /** As written in YAML. */
    public String text() {
      return text;
    }

    public static Default parse(String text) {
      for (Default value : values()) {
        if (value.text.equals(text)) {
          return value;
        }
      }
      throw new IllegalArgumentException(
          "default inbound policy: "
              + text
              + " (expected: all-unauthenticated, all-authenticated, cluster-authenticated, deny or"
              + " audit)");
    }
  }

  /**
   * @param port the application's port
   * @param service {@code namespace/name} of the first service that leads here, for labels; may be
   *     empty
   * @param faults what the workload's own sidecar breaks on purpose
   */
  public record Port(
      int port,
      AppProtocol protocol,
      String service,
      List<Authorization> authorizations,
      Optional<RateLimit> rateLimit,
      Optional<Faults> faults) {
    public Port {
      authorizations = List.copyOf(authorizations);
    }

    /** A port whose requests nobody counts or breaks. */
    public Port(
        int port, AppProtocol protocol, String service, List<Authorization> authorizations) {
      this(port, protocol, service, authorizations, Optional.empty(), Optional.empty());
    }
  }
}
