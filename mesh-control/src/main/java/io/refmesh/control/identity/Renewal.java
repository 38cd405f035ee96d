package io.refmesh.control.identity;

import io.refmesh.model.identity.RootName;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Renews one certificate of the control plane's own before it ends, in the process, from one
 * virtual thread. What it runs is never run twice at once.
 */
final class Renewal implements AutoCloseable {

  private static final Logger LOG = System.getLogger(Renewal.class.getName());

  static final Duration LIFETIME = Duration.ofHours(24);
  static final Duration CLOCK_SKEW = Duration.ofMinutes(1);
  private static final int RENEW_AT_PERCENT = 70;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(30);

  /** A machine that slept, or whose clock jumped, is noticed after so long. */
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);

  /** Makes a certificate and puts it into use. */
  interface Step {
    CertificateAuthority.Issued run()
        throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable;
  }

  private final String what;
  private final Step step;
  private final InstantSource clock;
  private volatile Instant renewAt;
  private volatile RootName root;
  private @Nullable Thread thread;

  /**
   * @param first what is in use
   */
  Renewal(String what, CertificateAuthority.Issued first, Step step, InstantSource clock) {
    this.what = what;
    this.step = step;
    this.clock = clock;
    this.renewAt = renewAt(first, clock.instant());
    this.root = first.root();
  }

  void start() {
    thread = Thread.ofVirtual().name(what.replace(' ', '-')).start(this::renewForEver);
  }

  @Override
  public void close() {
    if (thread != null) {
      thread.interrupt();
    }
  }

  /** Under which the certificate in use stands. */
  RootName root() {
    return root;
  }

  /** Renews now. */
  synchronized void renew()
      throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable {
    CertificateAuthority.Issued issued = step.run();
    renewAt = renewAt(issued, clock.instant());
    root = issued.root();
    LOG.log(
        Level.INFO,
        "{0} renewed: serial={1} notAfter={2}",
        what,
        issued.serial(),
        issued.notAfter());
  }

  private void renewForEver() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Duration left = Duration.between(clock.instant(), renewAt);
        if (left.isPositive()) {
          Thread.sleep(left.compareTo(LOOK_EVERY) < 0 ? left : LOOK_EVERY);
          continue;
        }
        try {
          renew();
        } catch (GeneralSecurityException | SSLException | CertificateAuthority.Unavailable e) {
          LOG.log(
              Level.ERROR,
              what + " not renewed: " + e.getMessage() + "; tried again in " + RETRY_AFTER,
              e);
          Thread.sleep(RETRY_AFTER);
        }
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private static Instant renewAt(CertificateAuthority.Issued issued, Instant now) {
    return now.plus(
        Duration.between(now, issued.notAfter()).multipliedBy(RENEW_AT_PERCENT).dividedBy(100));
  }
}
