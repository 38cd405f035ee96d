package io.refmesh.proxy.control;

import io.refmesh.proxy.telemetry.LongGauge;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The current certificate: what the listener has taken, nothing that it refused. Leaves come from
 * one thread and trust roots from another: the lock makes one order of them, which is the order in
 * which the listener is told.
 */
final class HeldCertificate {

  private final TrustRoots roots;
  private final CertificateListener listener;
  private final Runnable changed;
  private final LongGauge notAfterSeconds;
  private volatile @Nullable WorkloadCertificate current;

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

  synchronized void renewed(WorkloadCertificate certificate) {
    listener.certificate(certificate);
    roots.replace(certificate.roots());
    current = certificate;
    notAfterSeconds.set(certificate.notAfter().getEpochSecond());
    changed.run();
  }

  synchronized void trust(List<X509Certificate> newRoots) {
    WorkloadCertificate old = current;
    // A control plane repeats itself after a reconnect; nobody need swap anything for that.
    if (old != null && !Set.copyOf(old.roots()).equals(Set.copyOf(newRoots))) {
      WorkloadCertificate certificate = old.withRoots(newRoots);
      listener.certificate(certificate);
      current = certificate;
    }
    roots.replace(newRoots);
  }

  synchronized void expired(WorkloadCertificate certificate, String why) {
    if (current != null && current.leaf().equals(certificate.leaf())) {
      current = null;
      listener.expired(certificate, why);
    }
  }
}
