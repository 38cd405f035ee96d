package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A {@code Lease} of the API server (coordination.k8s.io/v1). */
final class ApiLease implements LeaderLease.Store {

  private final KubernetesClient client;
  private final String namespace;
  private final String name;

  ApiLease(KubernetesClient client, String namespace, String name) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
  }

  @Override
  public Optional<LeaderLease.Held> read() throws IOException {
    try {
      Lease lease = client.leases().inNamespace(namespace).withName(name).get();
      return lease == null ? Optional.empty() : Optional.of(held(lease));
    } catch (KubernetesClientException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public LeaderLease.Held create(LeaderLease.Held first) throws IOException, LeaderLease.Taken {
    try {
      return held(client.resource(lease(first)).create());
    } catch (KubernetesClientException e) {
      throw failure(e);
    }
  }

  @Override
  public LeaderLease.Held update(LeaderLease.Held next) throws IOException, LeaderLease.Taken {
    try {
      return held(client.resource(lease(next)).update());
    } catch (KubernetesClientException e) {
      throw failure(e);
    }
  }

  private Lease lease(LeaderLease.Held held) {
    return new LeaseBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .withResourceVersion(held.version().isEmpty() ? null : held.version())
        .endMetadata()
        .withNewSpec()
        .withHolderIdentity(held.holder().isEmpty() ? null : held.holder())
        .withLeaseDurationSeconds((int) LeaderLease.DURATION.toSeconds())
        .withAcquireTime(held.acquired().atZone(ZoneOffset.UTC))
        .withRenewTime(held.renewed().atZone(ZoneOffset.UTC))
        .withLeaseTransitions(held.transitions())
        .endSpec()
        .build();
  }

  private static LeaderLease.Held held(Lease lease) {
    LeaseSpec spec = lease.getSpec();
    String version = lease.getMetadata().getResourceVersion();
    if (spec == null) {
      return new LeaderLease.Held("", Instant.EPOCH, Instant.EPOCH, 0, version);
    }
    String holder = spec.getHolderIdentity();
    Integer transitions = spec.getLeaseTransitions();
    return new LeaderLease.Held(
        holder == null ? "" : holder,
        instant(spec.getAcquireTime()),
        instant(spec.getRenewTime()),
        transitions == null ? 0 : transitions,
        version);
  }

  private static Instant instant(@Nullable ZonedDateTime time) {
    return time == null ? Instant.EPOCH : time.toInstant();
  }

  /** Throws it when another wrote first; else returns it. */
  private static IOException failure(KubernetesClientException e) throws LeaderLease.Taken {
    if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
      throw new LeaderLease.Taken(e);
    }
    return new IOException(e.getMessage(), e);
  }
}
