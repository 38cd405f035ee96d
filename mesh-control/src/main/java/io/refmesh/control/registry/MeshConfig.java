package io.refmesh.control.registry;

import io.refmesh.model.policy.InboundPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Settings of the whole mesh; there is always one, made of defaults when nobody wrote it. */
public record MeshConfig(
    Metadata metadata,
    Origin origin,
    String trustDomain,
    String clusterDomain,
    Identity identity,
    Proxy proxy)
    implements Resource {

  /** Where the objects live that hold for the whole mesh. */
  public static final String SYSTEM_NAMESPACE = "refmesh-system";

  public static final String NAME = "mesh";

  public static final MeshConfig DEFAULT =
      new MeshConfig(
          new Metadata(
              SYSTEM_NAMESPACE, NAME, Instant.EPOCH, Optional.empty(), 0, Map.of(), Map.of()),
          Origin.NO_FILE,
          "cluster.local",
          "cluster.local",
          Identity.DEFAULT,
          Proxy.DEFAULT);

  @Override
  public String kind() {
    return "MeshConfig";
  }

  /**
   * @param renewAtPercent of a leaf's life
   * @param clockSkew how far a peer's clock may be behind; certificates are valid that much earlier
   */
  public record Identity(Duration leafLifetime, int renewAtPercent, Duration clockSkew) {
    public static final Identity DEFAULT =
        new Identity(Duration.ofHours(24), 70, Duration.ofSeconds(20));
  }

  /**
   * @param accessLog off, text or json
   */
  public record Proxy(
      InboundPolicy.Default defaultInboundPolicy,
      String profile,
      String accessLog,
      Duration drainTimeout,
      Telemetry telemetry) {
    public static final Proxy DEFAULT =
        new Proxy(
            InboundPolicy.Default.ALL_UNAUTHENTICATED,
            "standard",
            "off",
            Duration.ofSeconds(120),
            Telemetry.DEFAULT);
  }

  /**
   * What sidecars tell, and to whom; what is empty here is as the sidecar has it by itself.
   *
   * @param tracingEndpoint URL of a collector
   * @param samplePercent of requests without a trace
   * @param redactQuery query parameters whose values are told nobody
   * @param redactHeaders fields whose values are told nobody
   * @param tapIdentities who may see live requests
   */
  public record Telemetry(
      String tracingEndpoint,
      int samplePercent,
      List<String> redactQuery,
      List<String> redactHeaders,
      List<String> tapIdentities) {
    public static final Telemetry DEFAULT = new Telemetry("", 0, List.of(), List.of(), List.of());
  }
}
