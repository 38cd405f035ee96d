package io.refmesh.cli.rotate;

import io.refmesh.model.identity.RootName;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What matters to a rotation, at one moment.
 *
 * @param roots of the ConfigMap, which all are to trust
 * @param issuerRoot under which the issuer of the Secret stands
 * @param next what a rotation that is under way has prepared
 * @param believed by the API server of the webhooks: what each of their configurations names
 */
public record Seen(
    Set<RootName> roots,
    RootName issuerRoot,
    Optional<Next> next,
    List<Replica> replicas,
    List<Webhook> believed,
    List<Workload> workloads,
    Instant now) {

  public Seen {
    roots = Set.copyOf(roots);
    replicas = List.copyOf(replicas);
    believed = List.copyOf(believed);
    workloads = List.copyOf(workloads);
  }

  /**
   * @param root that is to be the only one
   * @param old roots that go
   */
  public record Next(RootName root, Set<RootName> old) {
    public Next {
      old = Set.copyOf(old);
    }
  }

  /**
   * A pod of the control plane.
   *
   * @param unheard why it could not be asked; empty when it answered, and then the rest holds
   * @param own under which the certificates stand that it shows itself
   * @param settled for how long it has trusted these roots
   */
  public record Replica(
      String name,
      String unheard,
      RootName leafRoot,
      Set<RootName> own,
      Set<RootName> roots,
      Duration settled) {

    public Replica {
      own = Set.copyOf(own);
      roots = Set.copyOf(roots);
    }

    static Replica unheard(String name, String why) {
      return new Replica(name, why, new RootName(""), Set.of(), Set.of(), Duration.ZERO);
    }
  }

  public record Webhook(String name, Set<RootName> roots) {
    public Webhook {
      roots = Set.copyOf(roots);
    }
  }

  /**
   * A pod with a sidecar, or a sidecar whose pod is not there any more.
   *
   * @param name {@code namespace/pod}
   * @param bootstrap what a sidecar that starts there trusts at first; empty without a pod
   * @param started whether its sidecar ever ran
   * @param silent that it is connected but does not tell what it holds
   * @param holdings as its sidecar told them, to each replica that it is connected to
   */
  public record Workload(
      String name,
      Optional<Set<RootName>> bootstrap,
      boolean started,
      boolean silent,
      List<Holding> holdings) {

    public Workload {
      bootstrap = bootstrap.map(Set::copyOf);
      holdings = List.copyOf(holdings);
    }
  }

  /** What a sidecar proves and believes. */
  public record Holding(RootName leafRoot, Instant leafNotAfter, Set<RootName> roots) {
    public Holding {
      roots = Set.copyOf(roots);
    }
  }
}
