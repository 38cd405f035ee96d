package io.refmesh.control;

import io.netty.util.concurrent.Ticker;
import io.refmesh.control.admin.ControlMetrics;
import io.refmesh.control.identity.CertificateAuthority;
import io.refmesh.control.identity.Identity;
import io.refmesh.control.inject.InjectSettings;
import io.refmesh.control.kubernetes.ClusterClient;
import io.refmesh.control.kubernetes.ClusterIdentity;
import io.refmesh.control.kubernetes.KubernetesRegistry;
import io.refmesh.control.kubernetes.StatusWriter;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Registry;
import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The parts that a control plane has on a cluster: the registry, identity, the status of routes and
 * the webhooks, made in this order, over one connection to the API server.
 */
final class OnCluster implements AutoCloseable {

  private static final Logger LOG = System.getLogger(OnCluster.class.getName());

  private static final String NAMESPACE = MeshConfig.SYSTEM_NAMESPACE;

  /** As sidecars call it; their own cluster resolves it. */
  private static final String CONTROL = "refmesh-control." + NAMESPACE + ".svc:8086";

  private final ControlConfig.Source.Cluster settings;
  private final ClusterClient client;
  private final KubernetesRegistry registry;
  private final InstantSource clock;
  private final SecureRandom random;
  private final ControlMetrics metrics;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private volatile @Nullable ClusterIdentity identity;

  private OnCluster(
      ControlConfig.Source.Cluster settings,
      ClusterClient client,
      KubernetesRegistry registry,
      InstantSource clock,
      SecureRandom random,
      ControlMetrics metrics) {
    this.settings = settings;
    this.client = client;
    this.registry = registry;
    this.clock = clock;
    this.random = random;
    this.metrics = metrics;
    opened.push(registry);
  }

  /** Reads how to connect; nothing is asked yet. */
  static OnCluster connect(
      ControlConfig.Source.Cluster settings,
      InstantSource clock,
      SecureRandom random,
      ControlMetrics metrics)
      throws Registry.Unavailable {
    ClusterClient client = ClusterClient.open(settings.access());
    return new OnCluster(
        settings,
        client,
        new KubernetesRegistry(client, clock, random, metrics::follows),
        clock,
        random,
        metrics);
  }

  Registry registry() {
    return registry;
  }

  /** Reads the CA, or makes it. */
  Identity identify(String trustDomain, ClusterIdentity.Listener listener)
      throws IOException, GeneralSecurityException, CertificateAuthority.Unavailable {
    ClusterIdentity made =
        ClusterIdentity.open(
            client,
            NAMESPACE,
            settings.replica(),
            trustDomain,
            registry,
            clock,
            Ticker.systemTicker(),
            random,
            listener);
    opened.push(made);
    identity = made;
    metrics.leader(this::leading);
    return made.identity();
  }

  /** Under which the webhooks' certificate stands; empty before {@link #identify}. */
  Optional<RootName> webhookRoot() {
    return Optional.ofNullable(identity).map(made -> made.webhookTls().root());
  }

  /** The writer of status, which writes while this replica leads. */
  StatusWriter writeStatus() {
    StatusWriter writer = registry.writeStatus(this::leading, metrics::statusWrite);
    opened.push(writer);
    return writer;
  }

  /** Begins what needs the rest of the control plane: looking, leading, answering webhooks. */
  void start(Supplier<MeshConfig> mesh) throws IOException {
    ClusterIdentity made = identity;
    if (made == null) {
      throw new IllegalStateException("started before it was identified");
    }
    ControlConfig.Webhooks webhooks = settings.webhooks();
    if (webhooks != null) {
      try {
        opened.push(
            made.serveWebhooks(
                webhooks.address(),
                () -> injected(webhooks, made.identity().authority(), mesh.get()),
                registry,
                metrics::admission));
      } catch (IOException e) {
        throw new IOException(
            "REFMESH_WEBHOOK_ADDRESS: cannot listen on "
                + webhooks.address()
                + ": "
                + e.getMessage()
                + " (expected: a free port on an address of this machine)",
            e);
      }
    }
    made.start();
  }

  @Override
  public void close() {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        // The rest must still be closed.
        LOG.log(Level.WARNING, "not closed cleanly: " + e.getMessage(), e);
      }
    }
  }

  private boolean leading() {
    ClusterIdentity made = identity;
    return made != null && made.lease().leading();
  }

  private static InjectSettings injected(
      ControlConfig.Webhooks webhooks, CertificateAuthority authority, MeshConfig mesh) {
    try {
      return new InjectSettings(
          webhooks.proxyImage(),
          webhooks.pullPolicy(),
          webhooks.proxyVersion(),
          CONTROL,
          new SpiffeId(authority.trustDomain(), NAMESPACE, "control-plane"),
          authority.rootsPem(),
          mesh);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("trust roots that were read cannot be written", e);
    }
  }
}
