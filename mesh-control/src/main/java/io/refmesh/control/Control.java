package io.refmesh.control;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.refmesh.control.admin.AdminServer;
import io.refmesh.control.admin.ControlMetrics;
import io.refmesh.control.admin.StateView;
import io.refmesh.control.build.SnapshotBuilder;
import io.refmesh.control.build.Snapshots;
import io.refmesh.control.identity.CertificateAuthority;
import io.refmesh.control.identity.CertifyService;
import io.refmesh.control.identity.Identity;
import io.refmesh.control.identity.Peer;
import io.refmesh.control.identity.ServingTls;
import io.refmesh.control.kubernetes.ClusterIdentity;
import io.refmesh.control.kubernetes.StatusWriter;
import io.refmesh.control.publish.DiscoveryService;
import io.refmesh.control.publish.Publisher;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.Detour;
import io.refmesh.control.registry.Expiring;
import io.refmesh.control.registry.FaultPolicy;
import io.refmesh.control.registry.LocalRegistry;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Registry;
import io.refmesh.control.state.ClusterState;
import io.refmesh.control.state.Leases;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Builds every part of the control plane, in order, and joins them:
 *
 * <pre>
 * registry ──▶ writer thread: ClusterState ──▶ SnapshotBuilder ──▶ Publisher ──▶ proxies
 * </pre>
 *
 * Several may live in one JVM, each with a state folder of its own.
 */
public final class Control implements AutoCloseable {

  private static final Logger LOG = System.getLogger(Control.class.getName());

  /** Sidecars send keep-alives more often than gRPC servers allow by default. */
  private static final Duration KEEP_ALIVE_PERMITTED = Duration.ofSeconds(1);

  private static final Duration KEEP_ALIVE = Duration.ofSeconds(10);
  private static final Duration KEEP_ALIVE_ANSWER = Duration.ofSeconds(5);
  private static final int REQUEST_BYTES_MAX = 1024 * 1024;
  private static final int CALLS_PER_CONNECTION_MAX = 16;
  private static final Duration STREAMS_END_WITHIN = Duration.ofSeconds(2);

  /** Workloads whose newest certificate is remembered for `mesh status`. */
  private static final int CERTIFICATES_MAX = 10_000;

  private final ControlConfig config;
  private final InstantSource clock;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final ControlMetrics metrics = new ControlMetrics();
  private final AtomicBoolean rebuildWaits = new AtomicBoolean();
  private final Map<String, StateView.Certificate> certificates = new ConcurrentHashMap<>();
  private final StateFolder state;
  private final CertificateAuthority authority;
  private final Publisher publisher;
  private final Writer writer;
  private final HostPort address;
  private final HostPort admin;
  private final @Nullable StatusWriter statuses;
  private final ServingTls tls;
  private final @Nullable OnCluster cluster;
  private volatile Registry.View registered;
  private volatile List<Problem> problems = List.of();
  private volatile boolean ready;
  private volatile Instant rootsSince;
  // Writer thread only.
  private final Leases leases;
  private @Nullable Future<?> nextExpiry;

  /** The control plane could not start; the message says why and what to do. */
  public static class NotStarted extends Exception {
    private static final long serialVersionUID = 1;

    NotStarted(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** It is not ours to repair: what the configuration is to be read from cannot be read. */
  public static final class SourceUnusable extends NotStarted {
    private static final long serialVersionUID = 1;

    SourceUnusable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Starts everything; when it returns, the first configuration is built and proxies can come. */
  public static Control start(ControlConfig config, InstantSource clock, SecureRandom random)
      throws NotStarted, IOException {
    return new Control(config, clock, random);
  }

  private Control(ControlConfig config, InstantSource clock, SecureRandom random)
      throws NotStarted, IOException {
    this.config = config;
    this.clock = clock;
    rootsSince = clock.instant();
    try {
      Registry registry;
      state = open(StateFolder.open(config.state()));
      leases = Leases.of(state.readLeases());
      Identity identity;
      switch (config.source()) {
        case ControlConfig.Source.Folder(Path folder) -> {
          registry = open(new LocalRegistry(folder, config.state()));
          registered = registry.load();
          cluster = null;
          identity = open(Identity.local(config.state(), trustDomainWanted(), clock, random));
          state.writeRoots(identity.authority().rootsPem());
          statuses = null;
        }
        case ControlConfig.Source.Cluster settings -> {
          OnCluster parts = open(OnCluster.connect(settings, clock, random, metrics));
          cluster = parts;
          registry = parts.registry();
          registered = registry.load();
          identity = parts.identify(trustDomainWanted(), new IssuerChanges());
          statuses = parts.writeStatus();
        }
      }
      authority = identity.authority();
      metrics.caNotAfter(authority.notAfter());
      CertifyService certify =
          new CertifyService(
              identity, clock, () -> contents().meshConfig().identity(), new Issuances());
      tls =
          open(
              ServingTls.of(
                  authority,
                  new SpiffeId(
                      authority.trustDomain(), MeshConfig.SYSTEM_NAMESPACE, "control-plane"),
                  clock,
                  random));
      tls.start();

      publisher =
          new Publisher(
              authority.trustDomain(),
              encoded(authority.roots()),
              authority.leafRoot(),
              clock,
              new Publications());
      writer = open(new Writer(metrics::failed));
      writer.ask(() -> {
        rebuild();
        return true;
      });
      Server server =
          serve(
              NettyServerBuilder.forAddress(config.address().toSocketAddress())
                  .sslContext(tls.context())
                  .executor(Executors.newVirtualThreadPerTaskExecutor())
                  .permitKeepAliveTime(KEEP_ALIVE_PERMITTED.toMillis(), TimeUnit.MILLISECONDS)
                  .permitKeepAliveWithoutCalls(true)
                  .keepAliveTime(KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS)
                  .keepAliveTimeout(KEEP_ALIVE_ANSWER.toMillis(), TimeUnit.MILLISECONDS)
                  .maxInboundMessageSize(REQUEST_BYTES_MAX)
                  .maxConcurrentCallsPerConnection(CALLS_PER_CONNECTION_MAX)
                  .intercept(Peer.interceptor())
                  .addService(certify)
                  .addService(new DiscoveryService(publisher, writer))
                  .build());
      opened.push(() -> end(server));
      address = new HostPort(config.address().host(), server.getPort());
      AdminServer adminServer = open(administer());
      admin = new HostPort(config.admin().host(), adminServer.address().getPort());

      registry.watch(changed -> {
        registered = changed;
        changed();
      });
      if (cluster != null) {
        cluster.start(() -> contents().meshConfig());
      }
      ready = true;
    } catch (Registry.Unavailable e) {
      close();
      throw new SourceUnusable(String.valueOf(e.getMessage()), e);
    } catch (GeneralSecurityException | CertificateAuthority.Unavailable e) {
      close();
      throw new NotStarted("the CA cannot be used: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
      throw new NotStarted("interrupted while starting", e);
    } catch (ExecutionException | TimeoutException e) {
      close();
      throw new NotStarted("the first configuration could not be built: " + e, e);
    } catch (IOException | NotStarted | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Where proxies come; the port is a real one also when the configuration left it open. */
  public HostPort address() {
    return address;
  }

  public HostPort admin() {
    return admin;
  }

  public String trustDomain() {
    return authority.trustDomain();
  }

  /** Everything that is wrong now, as of the last build. */
  public List<Problem> problems() {
    return problems;
  }

  /** Ends in the reverse order of the start: no new proxies, streams told, files closed. */
  @Override
  public void close() {
    ready = false;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        // The rest must still be closed.
        LOG.log(Level.WARNING, "not closed cleanly: " + e.getMessage(), e);
      }
    }
  }

  private void changed() {
    if (rebuildWaits.compareAndSet(false, true)) {
      writer.execute(() -> {
        rebuildWaits.set(false);
        rebuild();
      });
    }
  }

  private Contents contents() {
    return registered.contents();
  }

  private String trustDomainWanted() {
    return contents().meshConfig().trustDomain();
  }

  // Writer thread.
  private void rebuild() {
    Instant now = clock.instant();
    Registry.View known = registered;
    Contents resources = known.contents();
    if (leases.update(resources.only(Expiring.class), now)) {
      keepLeases();
    }
    ClusterState cluster =
        ClusterState.of(
            resources.meshConfig(),
            resources.resources(),
            known.instances(),
            object -> leases.end(object, now));
    Snapshots snapshots = SnapshotBuilder.build(cluster, authority.trustDomain());
    publisher.publish(snapshots);
    collectProblems(resources, snapshots);
    if (statuses != null) {
      statuses.judged(resources, snapshots.routes(), problems);
    }
    metrics.built(
        resources.resources().size(), problems.size(), Duration.between(now, clock.instant()));
    scheduleExpiry(now);
  }

  private void keepLeases() {
    try {
      state.writeLeases(leases.text());
    } catch (IOException e) {
      // They hold in this process; only a restart would begin them anew.
      LOG.log(Level.WARNING, "leases not written: " + e.getMessage(), e);
    }
  }

  private void collectProblems(Contents resources, Snapshots snapshots) {
    List<Problem> all = new ArrayList<>(resources.problems());
    all.addAll(snapshots.problems());
    MeshConfig mesh = resources.meshConfig();
    if (!mesh.trustDomain().equals(authority.trustDomain())) {
      all.add(
          mesh.problem(
              "spec.trustDomain",
              mesh.trustDomain()
                  + " (expected: "
                  + authority.trustDomain()
                  + ", for which the CA was made and which stays in force; a new trust domain needs"
                  + " a new state folder)"));
    }
    for (Problem problem : all) {
      if (!problems.contains(problem)) {
        LOG.log(Level.WARNING, "problem: {0}", problem);
      }
    }
    problems = List.copyOf(all);
  }

  // Writer thread.
  private void scheduleExpiry(Instant now) {
    if (nextExpiry != null) {
      nextExpiry.cancel(false);
    }
    Optional<Instant> next = leases.next(now);
    // A millisecond more: rounding must not wake us just before the end.
    nextExpiry =
        next.isEmpty()
            ? null
            : writer.schedule(this::rebuild, Duration.between(now, next.get()).plusMillis(1));
  }

  private AdminServer administer() throws NotStarted {
    try {
      return AdminServer.start(
          config.admin(),
          () -> ready ? Optional.empty() : Optional.of("the control plane is starting or ending"),
          metrics::scrape,
          () -> writer.ask(this::view));
    } catch (IOException e) {
      throw notBound("REFMESH_CONTROL_ADMIN", config.admin(), e);
    }
  }

  private Server serve(Server server) throws NotStarted {
    try {
      return server.start();
    } catch (IOException e) {
      throw notBound("REFMESH_CONTROL_ADDRESS", config.address(), e);
    }
  }

  private static NotStarted notBound(String setting, HostPort address, IOException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return new NotStarted(
        setting
            + ": cannot listen on "
            + address
            + ": "
            + cause.getMessage()
            + " (expected: a free port on an address of this machine; is another control plane"
            + " running?)",
        e);
  }

  private void end(Server server) throws InterruptedException {
    writer.execute(publisher::close);
    server.shutdown();
    if (!server.awaitTermination(STREAMS_END_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
      server.shutdownNow();
      server.awaitTermination(STREAMS_END_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  // Writer thread.
  private StateView view() {
    Instant now = clock.instant();
    List<Problem> all = new ArrayList<>(problems);
    all.addAll(publisher.problems());
    return new StateView(
        address.toString(),
        authority.trustDomain(),
        authority.notAfter().toString(),
        trust(),
        all,
        publisher.snapshots().services().values().stream().map(StateView.Service::of).toList(),
        publisher.snapshots().routes(),
        contents().only(Detour.class).stream()
            .map(detour -> StateView.Detour.of(detour, leases.end(detour, now)))
            .toList(),
        contents().only(FaultPolicy.class).stream()
            .map(policy -> StateView.Fault.of(policy, leases.end(policy, now)))
            .toList(),
        certificates.values().stream()
            .sorted((a, b) -> a.workload().compareTo(b.workload()))
            .toList(),
        publisher.proxies());
  }

  private StateView.Trust trust() {
    List<String> own = new ArrayList<>(List.of(tls.root().hex()));
    if (cluster != null) {
      cluster.webhookRoot().ifPresent(root -> own.add(root.hex()));
    }
    return new StateView.Trust(
        authority.leafRoot().hex(),
        own,
        authority.roots().stream().map(root -> RootName.of(root).hex()).toList(),
        Duration.between(rootsSince, clock.instant()).toSeconds());
  }

  private <T extends AutoCloseable> T open(T part) {
    opened.push(part);
    return part;
  }

  private static List<byte[]> encoded(List<X509Certificate> certificates)
      throws GeneralSecurityException {
    List<byte[]> encoded = new ArrayList<>();
    for (X509Certificate certificate : certificates) {
      encoded.add(certificate.getEncoded());
    }
    return encoded;
  }

  private final class IssuerChanges implements ClusterIdentity.Listener {
    @Override
    public void issuerChanged(Instant notAfter) {
      metrics.caNotAfter(notAfter);
      metrics.issuerChange("updated");
      tell();
    }

    @Override
    public void rootsChanged() {
      metrics.issuerChange("updated");
      rootsSince = clock.instant();
      tell();
    }

    @Override
    public List<String> holders(RootName root) throws IOException {
      try {
        return writer.ask(() -> publisher.holders(root));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException("who holds a certificate cannot be said now: " + e, e);
      }
    }

    /** Proxies first: who is to believe our next certificate has heard of its root before. */
    private void tell() {
      try {
        List<byte[]> roots = encoded(authority.roots());
        RootName leafRoot = authority.leafRoot();
        writer.execute(() -> {
          publisher.trust(roots, leafRoot);
          rebuild();
        });
        tls.renew();
      } catch (GeneralSecurityException | IOException | CertificateAuthority.Unavailable e) {
        // Clients of a new root are refused until the next renewal; the old one holds.
        LOG.log(Level.ERROR, "own TLS not renewed for the new CA: " + e.getMessage(), e);
      }
    }

    @Override
    public void refused(String why) {
      metrics.issuerChange("refused");
    }
  }

  private final class Issuances implements CertifyService.Listener {
    @Override
    public void issued(
        String workload, String identity, String serial, Instant notBefore, Instant notAfter) {
      metrics.certificate("issued");
      if (certificates.size() < CERTIFICATES_MAX || certificates.containsKey(workload)) {
        certificates.put(
            workload,
            new StateView.Certificate(
                workload, identity, serial, notBefore.toString(), notAfter.toString()));
      }
    }

    @Override
    public void refused(String reason) {
      metrics.certificate(reason);
    }
  }

  private final class Publications implements Publisher.Listener {
    @Override
    public void connected(int proxies) {
      metrics.proxies(proxies);
    }

    @Override
    public void sent() {
      metrics.sent();
    }

    @Override
    public void acknowledged() {
      metrics.acknowledged();
    }

    @Override
    public void refused() {
      metrics.refused();
    }
  }
}
