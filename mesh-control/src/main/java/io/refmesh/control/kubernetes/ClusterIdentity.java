package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.netty.util.concurrent.Ticker;
import io.refmesh.control.identity.Audit;
import io.refmesh.control.identity.CertificateAuthority;
import io.refmesh.control.identity.Identity;
import io.refmesh.control.identity.Issuer;
import io.refmesh.control.identity.IssuerReload;
import io.refmesh.control.identity.PodAddresses;
import io.refmesh.control.identity.TokenVerifier;
import io.refmesh.control.identity.WebhookTls;
import io.refmesh.control.inject.InjectSettings;
import io.refmesh.control.inject.Namespaces;
import io.refmesh.control.inject.WebhookServer;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.RootName;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Identity on a cluster: the CA from the Secret and the ConfigMap of {@link IssuerObjects}, tokens
 * that the API server checks, decisions logged to standard output; beside it what goes with it: the
 * leader lease, the webhooks' certificate and the {@code caBundle} by which the API server knows
 * it.
 *
 * <p>One virtual thread looks at the objects every few seconds. It reads four small objects instead
 * of watching them: a watch that died unnoticed would leave an issuer in force that was replaced
 * for a reason, and nothing here is in more of a hurry.
 */
public final class ClusterIdentity implements AutoCloseable {

  private static final Logger LOG = System.getLogger(ClusterIdentity.class.getName());

  private static final String NAME = "refmesh";
  private static final String SERVICE = "refmesh-control";
  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  /** More would only fill the event. */
  private static final int NAMED_MAX = 10;

  private final IssuerObjects objects;
  private final ObjectEvents events;
  private final Identity identity;
  private final IssuerReload reload;
  private final LeaderLease lease;
  private final WebhookBundles bundles;
  private final WebhookTls webhookTls;
  private final Listener listener;
  // Guarded by this: the versions that were judged last.
  private String issuerVersion;
  private String rootsVersion;
  // Whether the roots judged last wait for somebody who still needs one that they lack.
  private boolean rootsNeeded;
  private @Nullable Thread thread;

  /** Told of changes, on the thread that looks. */
  public interface Listener {

    /** The CA signs with another issuer; proxies must be told, and our own TLS must be renewed. */
    void issuerChanged(Instant notAfter);

    /** There are other trust roots; proxies must be told, and our own TLS must take them. */
    void rootsChanged();

    /** Workloads that hold a certificate under this root; asked before it is dropped. */
    List<String> holders(RootName root) throws IOException;

    /** What was offered was refused; what is in force stays. */
    void refused(String why);
  }

  private ClusterIdentity(
      IssuerObjects objects,
      ObjectEvents events,
      Identity identity,
      IssuerReload reload,
      LeaderLease lease,
      WebhookBundles bundles,
      WebhookTls webhookTls,
      Listener listener,
      String issuerVersion,
      String rootsVersion) {
    this.objects = objects;
    this.events = events;
    this.identity = identity;
    this.reload = reload;
    this.lease = lease;
    this.bundles = bundles;
    this.webhookTls = webhookTls;
    this.listener = listener;
    this.issuerVersion = issuerVersion;
    this.rootsVersion = rootsVersion;
  }

  /**
   * Reads the CA, or makes it when there is none; throws with what to do when it cannot be used.
   *
   * @param namespace of the control plane
   * @param replica the pod's name
   */
  public static ClusterIdentity open(
      ClusterClient client,
      String namespace,
      String replica,
      String trustDomain,
      PodAddresses pods,
      InstantSource clock,
      Ticker ticker,
      SecureRandom random,
      Listener listener)
      throws IOException, GeneralSecurityException, CertificateAuthority.Unavailable {
    return open(
        client.fabric8(), namespace, replica, trustDomain, pods, clock, ticker, random, listener);
  }

  static ClusterIdentity open(
      KubernetesClient client,
      String namespace,
      String replica,
      String trustDomain,
      PodAddresses pods,
      InstantSource clock,
      Ticker ticker,
      SecureRandom random,
      Listener listener)
      throws IOException, GeneralSecurityException, CertificateAuthority.Unavailable {
    IssuerObjects objects = new IssuerObjects(client, namespace);
    IssuerObjects.Issuing issuing = objects.issuerOrMake(trustDomain, clock.instant(), random);
    CertificateAuthority authority;
    IssuerObjects.Roots roots;
    try {
      Optional<IssuerObjects.Roots> found = objects.maybeRoots();
      if (found.isEmpty()) {
        // Before anything is written: roots that were wrong would stay.
        read(issuing, issuing.text().caCrt(), trustDomain, clock, random);
      }
      roots = found.isPresent() ? found.get() : objects.rootsOrMake(issuing, trustDomain);
      if (!roots.trustDomain().equals(trustDomain)) {
        throw new IOException(
            "trustDomain: "
                + trustDomain
                + " (expected: "
                + roots.trustDomain()
                + ", for which the ConfigMap "
                + IssuerObjects.ROOTS
                + " was made; a new trust domain needs a new CA)");
      }
      authority =
          CertificateAuthority.of(
              trustDomain, read(issuing, roots.pem(), trustDomain, clock, random), clock, random);
    } catch (Issuer.Unusable e) {
      throw new IOException(
          "the Secret " + IssuerObjects.SECRET + " in " + namespace + ": " + e.getMessage(), e);
    }
    LeaderLease lease =
        new LeaderLease(
            new ApiLease(client, namespace, SERVICE),
            replica + "_" + suffix(random),
            clock,
            ticker);
    return new ClusterIdentity(
        objects,
        new ObjectEvents(client, replica, clock),
        new Identity(
            authority,
            TokenVerifier.reviewed(new ApiTokenReviews(client), pods, trustDomain, clock),
            Audit.toStandardOutput(clock)),
        new IssuerReload(authority, clock, random),
        lease,
        new WebhookBundles(client, NAME, lease::confirm),
        WebhookTls.of(authority, List.of(SERVICE + "." + namespace + ".svc"), clock, random),
        listener,
        version(issuing.object()),
        version(roots.object()));
  }

  private static Issuer read(
      IssuerObjects.Issuing issuing,
      String rootsPem,
      String trustDomain,
      InstantSource clock,
      SecureRandom random)
      throws Issuer.Unusable {
    return Issuer.read(
        issuing.text(), Issuer.roots(rootsPem), trustDomain, clock.instant(), random);
  }

  public Identity identity() {
    return identity;
  }

  /** Who of several replicas may do what only one may. */
  public LeaderLease lease() {
    return lease;
  }

  /** For the server of the webhooks. */
  public WebhookTls webhookTls() {
    return webhookTls;
  }

  /**
   * Answers the API server's questions about pods and policies, with the certificate that {@link
   * #webhookTls} renews; the caller closes what it gets.
   *
   * @param counter takes what was decided and the reason
   */
  public Webhooks serveWebhooks(
      HostPort address,
      Supplier<InjectSettings> settings,
      Namespaces namespaces,
      BiConsumer<String, String> counter)
      throws IOException {
    AdmissionReports reports = new AdmissionReports(events, counter);
    return new Webhooks(
        WebhookServer.start(address, webhookTls.context(), settings, namespaces, reports), reports);
  }

  /** The server of the webhooks and what it tells. */
  public record Webhooks(WebhookServer server, AutoCloseable reports) implements AutoCloseable {
    @Override
    public void close() throws Exception {
      server.close();
      reports.close();
    }
  }

  /** Begins to look, to compete for the lease, and to renew. Once. */
  public void start() {
    lease.start();
    webhookTls.start();
    thread = Thread.ofVirtual().name("cluster-identity").start(this::lookForEver);
  }

  @Override
  public void close() throws IOException {
    if (thread != null) {
      thread.interrupt();
    }
    webhookTls.close();
    lease.close();
    identity.close();
  }

  /** Takes what changed since the last look; refuses it with an event; keeps the bundles. */
  synchronized void look() throws IOException, GeneralSecurityException {
    boolean again = lookAtRoots();
    lookAtIssuer(again);
    // First: the API server must believe a new root before our certificate stands under it.
    if (lease.leading()) {
      bundles.keep(identity.authority().rootsPem());
    }
    if (!webhookTls.root().equals(identity.authority().leafRoot())) {
      try {
        webhookTls.renew();
      } catch (CertificateAuthority.Unavailable e) {
        throw new IOException("the webhooks' certificate: " + e.getMessage(), e);
      }
    }
  }

  /** Returns whether an issuer that was refused may be good now. */
  private boolean lookAtRoots() throws IOException {
    Optional<IssuerObjects.Roots> found = objects.maybeRoots();
    String version = found.map(roots -> version(roots.object())).orElse("");
    if (version.equals(rootsVersion) && !rootsNeeded) {
      return false;
    }
    boolean known = version.equals(rootsVersion);
    rootsVersion = version;
    // Until it is decided; what cannot be asked now is asked again.
    rootsNeeded = true;
    if (found.isEmpty()) {
      rootsNeeded = false;
      refused(null, "RootsRefused", "the ConfigMap " + IssuerObjects.ROOTS + " is gone");
    } else {
      try {
        List<String> holders = holders(found.get());
        rootsNeeded = !holders.isEmpty();
        if (rootsNeeded) {
          if (!known) {
            refused(
                found.get().object(),
                "RootsRefused",
                "a root that is to be dropped is needed by the certificates of " + named(holders));
          }
        } else if (reload.roots(found.get().pem(), found.get().dropped())) {
          accepted(
              found.get().object(),
              "RootsUpdated",
              "the mesh trusts "
                  + identity.authority().roots().stream().map(RootName::of).toList());
          listener.rootsChanged();
          return true;
        }
      } catch (Issuer.Unusable e) {
        rootsNeeded = false;
        refused(found.get().object(), "RootsRefused", String.valueOf(e.getMessage()));
      }
    }
    return false;
  }

  /** Whom it would cut off if the roots became these; not asked when it is forced. */
  private List<String> holders(IssuerObjects.Roots roots) throws IOException, Issuer.Unusable {
    if (roots.forced()) {
      return List.of();
    }
    Set<RootName> left =
        Issuer.roots(roots.pem()).stream().map(RootName::of).collect(Collectors.toSet());
    List<String> holders = new ArrayList<>();
    for (X509Certificate root : identity.authority().roots()) {
      RootName name = RootName.of(root);
      if (!left.contains(name) && roots.dropped().contains(name)) {
        holders.addAll(listener.holders(name));
      }
    }
    return holders;
  }

  private static String named(List<String> names) {
    int more = names.size() - NAMED_MAX;
    return String.join(", ", names.subList(0, Math.min(names.size(), NAMED_MAX)))
        + (more > 0 ? " and " + more + " more" : "");
  }

  private void lookAtIssuer(boolean again) throws IOException {
    Optional<IssuerObjects.Issuing> found = objects.maybeIssuer();
    String version = found.map(issuing -> version(issuing.object())).orElse("");
    if (version.equals(issuerVersion) && !again) {
      return;
    }
    issuerVersion = version;
    if (found.isEmpty()) {
      refused(null, "IssuerRefused", "the Secret " + IssuerObjects.SECRET + " is gone");
      return;
    }
    try {
      if (reload.issuer(found.get().text())) {
        Instant notAfter = identity.authority().notAfter();
        accepted(
            found.get().object(),
            "IssuerUpdated",
            "certificates are signed with the new issuer, which ends at " + notAfter);
        listener.issuerChanged(notAfter);
      }
    } catch (Issuer.Unusable e) {
      refused(found.get().object(), "IssuerRefused", String.valueOf(e.getMessage()));
    }
  }

  private void accepted(HasMetadata object, String reason, String message) {
    LOG.log(Level.INFO, "{0}: {1}", reason, message);
    events.normal(object, reason, message);
  }

  private void refused(@Nullable HasMetadata object, String reason, String why) {
    String message = why + "; what was in force stays";
    LOG.log(Level.ERROR, "{0}: {1}", reason, message);
    listener.refused(why);
    if (object != null) {
      events.warning(object, reason, message);
    }
  }

  private void lookForEver() {
    try {
      // The first look should already know whether it may write.
      lease.step();
      while (!Thread.currentThread().isInterrupted()) {
        try {
          look();
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
          // What is in force goes on; the next look tries again.
          LOG.log(Level.WARNING, "issuer and webhooks not looked at: {0}", e.getMessage());
        }
        Thread.sleep(LOOK_EVERY);
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private static String version(HasMetadata object) {
    String version = object.getMetadata().getResourceVersion();
    return version == null ? "" : version;
  }

  private static String suffix(SecureRandom random) {
    byte[] bytes = new byte[4];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
