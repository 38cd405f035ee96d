package io.refmesh.proxy.control;

import com.google.protobuf.ByteString;
import io.refmesh.model.wire.v1.Holding;
import io.refmesh.proxy.telemetry.LongGauge;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The current certificate: what the listener has taken, nothing that it refused. Leaves come from
 * one thread and trust roots from another: the lock makes one order of them, which is the order in
 * which the listener is told.
 */
final class HeldCertificate {

  private static final Logger LOG = Logger.getLogger(HeldCertificate.class.getName());

  private final TrustRoots roots;
  private final CertificateListener listener;
  private final Runnable changed;
  private final LongGauge notAfterSeconds;
  private volatile @Nullable WorkloadCertificate current;
  // Guarded by this: whether the control plane's stream has ever said whom to trust.
  private boolean told;
  // Guarded by this: whether there is no stream that has said so.
  private boolean away = true;
  // Whether the file, read while the stream was away, lacks the root under which the leaf stands.
  private volatile boolean dropped;
  // Under which root leaves are signed now; empty for any.
  private volatile ByteString leafRoot = ByteString.EMPTY;

  /**
   * @param changed run after each change, when {@link #current} has it already
   */
  HeldCertificate(
      TrustRoots roots, CertificateListener listener, Runnable changed, ProxyMetrics metrics) {
    this.roots = roots;
    this.listener = listener;
    this.changed = changed;
    notAfterSeconds = metrics.gauge(ProxyMetric.CERTIFICATE_NOT_AFTER_SECONDS);
    notAfterSeconds.set(0);
  }

  Optional<WorkloadCertificate> current() {
    return Optional.ofNullable(current);
  }

  /**
   * What a leaf that came with {@code offered} is to be held against. Once the stream has spoken,
   * its word holds: the replica that signs may be a few seconds behind the one that tells, and what
   * was acknowledged must not be undone by a renewal.
   */
  synchronized List<X509Certificate> rootsWith(List<X509Certificate> offered) {
    return told || offered.isEmpty() ? roots.current() : offered;
  }

  /** There is no stream any more, or there is none yet. */
  synchronized void away() {
    away = true;
    readRootsAgain();
  }

  /**
   * While nobody tells whom to trust, what is new in the file is believed, beside what was told
   * before. Peers are held against it only when a control plane that is believed by it has signed:
   * until then they are those of the last word.
   */
  synchronized void readRootsAgain() {
    if (!away) {
      return;
    }
    List<X509Certificate> news = roots.news().orElse(null);
    if (news == null) {
      return;
    }
    Set<X509Certificate> both = new LinkedHashSet<>(news);
    if (told || current != null) {
      both.addAll(roots.current());
    }
    roots.replace(List.copyOf(both));
    LOG.log(Level.INFO, "trust roots read again: {0} in the file", news.size());
    dropped =
        holding()
            .map(holding ->
                news.stream().map(TrustRoots::fingerprint).noneMatch(holding.getLeafRoot()::equals))
            .orElse(false);
    if (dropped) {
      // Under which root leaves are signed now is not known any more.
      leafRoot = ByteString.EMPTY;
    }
    changed.run();
  }

  synchronized void renewed(WorkloadCertificate offered) {
    WorkloadCertificate certificate = told ? offered.withRoots(roots.current()) : offered;
    listener.certificate(certificate);
    roots.replace(certificate.roots());
    current = certificate;
    dropped = false;
    notAfterSeconds.set(certificate.notAfter().getEpochSecond());
    changed.run();
  }

  /**
   * @param newLeafRoot under which leaves are signed now, by its fingerprint; empty for any
   */
  synchronized void trust(List<X509Certificate> newRoots, ByteString newLeafRoot) {
    WorkloadCertificate old = current;
    // A control plane repeats itself after a reconnect; nobody need swap anything for that.
    if (old != null && !Set.copyOf(old.roots()).equals(Set.copyOf(newRoots))) {
      WorkloadCertificate certificate = old.withRoots(newRoots);
      listener.certificate(certificate);
      current = certificate;
    }
    roots.replace(newRoots);
    told = true;
    away = false;
    dropped = false;
    leafRoot = newLeafRoot;
    changed.run();
  }

  /** Whether the leaf stands under another root than those that are signed now. */
  boolean outdated() {
    if (dropped) {
      return true;
    }
    ByteString wanted = leafRoot;
    return !wanted.isEmpty()
        && holding().map(holding -> !holding.getLeafRoot().equals(wanted)).orElse(false);
  }

  /** What there is now, as the control plane is told; empty while there is no leaf. */
  Optional<Holding> holding() {
    WorkloadCertificate certificate = current;
    if (certificate == null) {
      return Optional.empty();
    }
    Holding.Builder holding =
        Holding.newBuilder().setLeafNotAfterEpochMillis(certificate.notAfter().toEpochMilli());
    certificate.roots().forEach(root -> holding.addRoots(TrustRoots.fingerprint(root)));
    try {
      holding.setLeafRoot(
          TrustRoots.fingerprint(
              // Whether it is still valid is another question.
              TrustRoots.requireChain(
                  certificate.chain(), certificate.roots(), certificate.notBefore())));
    } catch (GeneralSecurityException e) {
      // Under none of them: said by leaving it out.
      holding.clearLeafRoot();
    }
    return Optional.of(holding.build());
  }

  synchronized void expired(WorkloadCertificate certificate, String why) {
    if (current != null && current.leaf().equals(certificate.leaf())) {
      current = null;
      listener.expired(certificate, why);
    }
  }
}
