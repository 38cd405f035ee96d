package io.refmesh.proxy.control;

import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Gets the proxy's certificate and renews it for ever, each time with a new key. The key is made
 * here and never written.
 *
 * <h2>When</h2>
 *
 * A leaf is renewed when the control plane says (70 % of its life), give or take 7 % of the wait so
 * that the proxies of a mesh do not all come at once. After a failure it is tried again after 1 s
 * to 30 s with full jitter, but never later than a fifth of what is left of the leaf's life:
 * several tries always fit, also for leaves of seconds. Without a leaf nothing works, so then it is
 * tried more often. When the control plane says that leaves are signed under another root now, it
 * is renewed within seconds, at a moment that differs from proxy to proxy.
 *
 * <h2>Threading</h2>
 *
 * Runs on a virtual thread of its own until interrupted.
 */
final class CertificateSource implements Runnable {

  private static final Logger LOG = Logger.getLogger(CertificateSource.class.getName());

  private static final Duration RETRY_BASE = Duration.ofSeconds(1);
  private static final Duration RETRY_MAX = Duration.ofSeconds(30);

  /** Keeps the waits from shrinking to nothing as the end of a leaf comes near. */
  private static final Duration RETRY_MAX_SHORTEST = Duration.ofMillis(200);

  private static final Duration RETRY_BASE_WITHOUT_LEAF = Duration.ofMillis(100);
  private static final Duration RETRY_MAX_WITHOUT_LEAF = Duration.ofSeconds(3);

  /** Tries that fit into the rest of a leaf's life at the least. */
  private static final int TRIES_IN_THE_REST = 5;

  private static final double RENEW_AT = 0.7;
  private static final double JITTER = 0.07;

  /** Within this time a leaf under a root of yesterday is renewed; doubled as long as it is not. */
  private static final Duration OUTDATED_WITHIN = Duration.ofSeconds(10);

  private static final int OUTDATED_DOUBLED_MAX = 6;

  /** The longest a request for a certificate may take. */
  private static final Duration TIMEOUT_MAX = Duration.ofSeconds(5);

  private static final Duration TIMEOUT_MIN = Duration.ofSeconds(1);

  /** Clocks jump and machines sleep: the clock is looked at again after this long. */
  private static final Duration NAP_MAX = Duration.ofSeconds(30);

  private final Certifier certifier;
  private final SpiffeId identity;
  private final HeldCertificate held;
  private final Duration clockSkew;
  private final InstantSource clock;
  private final RandomGenerator random;
  private final Sleeper sleeper;
  private final JitteredBackoff backoff;
  private final Counter successes;
  private final Counter failures;
  private volatile @Nullable String lastFailure;
  // Of the source's thread only: renewals in a row that left an outdated leaf.
  private int outdatedAgain;

  CertificateSource(
      Certifier certifier,
      SpiffeId identity,
      HeldCertificate held,
      Duration clockSkew,
      InstantSource clock,
      RandomGenerator random,
      Sleeper sleeper,
      ProxyMetrics metrics) {
    this.certifier = certifier;
    this.identity = identity;
    this.held = held;
    this.clockSkew = clockSkew;
    this.clock = clock;
    this.random = random;
    this.sleeper = sleeper;
    backoff = new JitteredBackoff(random);
    successes = metrics.counter(ProxyMetric.CERTIFICATE_RENEWALS_TOTAL, "success");
    failures = metrics.counter(ProxyMetric.CERTIFICATE_RENEWALS_TOTAL, "failure");
  }

  /** Why there is no new certificate; null after a success. */
  @Nullable String lastFailure() {
    return lastFailure;
  }

  /** There may be a reason to renew early. */
  void wake() {
    sleeper.wake();
  }

  @Override
  public void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        sleepUntil(certifyOnce());
      }
    } catch (InterruptedException e) {
      // Stopped: the proxy is closing.
      Thread.currentThread().interrupt();
    }
  }

  /** Tries once; answers when the next try is due. */
  Instant certifyOnce() {
    try {
      held.readRootsAgain();
      KeyPair key = newKey();
      Certifier.Certified certified =
          certifier.certify(identity, Csr.encode(key, identity), timeout());
      WorkloadCertificate certificate = require(key, certified);
      Instant renewAt = renewAt(certified, certificate);
      held.renewed(certificate);
      backoff.reset();
      lastFailure = null;
      successes.increment();
      LOG.log(
          Level.INFO,
          "certificate renewed: serial={0} identity={1} notAfter={2} renewAt={3}",
          new Object[] {certificate.serial(), identity, certificate.notAfter(), renewAt});
      return renewAt;
    } catch (Certifier.Refused | GeneralSecurityException | RuntimeException e) {
      // Whatever it was, the old leaf stays in use and the next try may work: a proxy that stops
      // renewing ends with its leaf.
      return failed(e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  private Instant failed(String why) {
    failures.increment();
    boolean news = !why.equals(lastFailure);
    lastFailure = why;
    Instant now = clock.instant();
    WorkloadCertificate certificate = held.current().orElse(null);
    Instant next;
    if (certificate == null) {
      next = now.plus(backoff.next(RETRY_BASE_WITHOUT_LEAF, RETRY_MAX_WITHOUT_LEAF));
    } else {
      Duration left = Duration.between(now, certificate.notAfter());
      if (left.isNegative() || left.isZero()) {
        expire(certificate, why);
        next = now.plus(backoff.next(RETRY_BASE_WITHOUT_LEAF, RETRY_MAX_WITHOUT_LEAF));
      } else {
        Duration longest = longer(RETRY_MAX_SHORTEST, left.dividedBy(TRIES_IN_THE_REST));
        next = now.plus(backoff.next(shorter(RETRY_BASE, longest), shorter(RETRY_MAX, longest)));
      }
    }
    LOG.log(
        news ? Level.WARNING : Level.FINE,
        "certificate not renewed: {0} (current={1} next={2})",
        new Object[] {
          why,
          certificate == null ? "none" : "until " + certificate.notAfter(),
          Duration.between(now, next).toMillis() + "ms"
        });
    return next;
  }

  private void sleepUntil(Instant when) throws InterruptedException {
    if (!held.outdated()) {
      outdatedAgain = 0;
    }
    Instant due = when;
    boolean early = false;
    for (Instant now = clock.instant(); now.isBefore(due); now = clock.instant()) {
      if (!early && held.outdated()) {
        early = true;
        Instant soon = now.plus(outdatedWithin());
        due = soon.isBefore(due) ? soon : due;
        continue;
      }
      Instant end = due;
      WorkloadCertificate certificate = held.current().orElse(null);
      if (certificate != null && certificate.notAfter().isBefore(end)) {
        end = certificate.notAfter();
      }
      if (certificate != null && !now.isBefore(certificate.notAfter())) {
        expire(certificate, lastFailure == null ? "the clock jumped over its end" : lastFailure);
        continue;
      }
      sleeper.sleep(shorter(NAP_MAX, Duration.between(now, end)));
    }
  }

  private Duration outdatedWithin() {
    long millis = OUTDATED_WITHIN.toMillis() << Math.min(outdatedAgain, OUTDATED_DOUBLED_MAX);
    outdatedAgain++;
    return Duration.ofMillis(random.nextLong(millis));
  }

  private void expire(WorkloadCertificate certificate, String why) {
    LOG.log(
        Level.SEVERE,
        "certificate expired: serial={0} notAfter={1}; nothing is sent or served with it (last"
            + " failure: {2})",
        new Object[] {certificate.serial(), certificate.notAfter(), why});
    held.expired(certificate, why);
  }

  /** A call that hangs must not eat the rest of a short leaf's life. */
  private Duration timeout() {
    return held.current()
        .map(certificate -> Duration.between(clock.instant(), certificate.notAfter()).dividedBy(2))
        .map(half -> half.compareTo(TIMEOUT_MIN) < 0 ? TIMEOUT_MIN : shorter(TIMEOUT_MAX, half))
        .orElse(TIMEOUT_MAX);
  }

  /** Refuses what peers would refuse, while the old leaf still works. */
  private WorkloadCertificate require(KeyPair key, Certifier.Certified certified)
      throws GeneralSecurityException {
    if (certified.chain().isEmpty()) {
      throw new IllegalArgumentException(
          "the control plane answered with no certificate (expected: a chain)");
    }
    WorkloadCertificate certificate =
        WorkloadCertificate.of(
            key.getPrivate(), certified.chain(), held.rootsWith(certified.roots()));
    if (!certificate.leaf().getPublicKey().equals(key.getPublic())) {
      throw new IllegalArgumentException(
          "the control plane certified another key (expected: the key of the request)");
    }
    if (!certificate.identity().equals(identity)) {
      throw new IllegalArgumentException(
          "the control plane certified "
              + certificate.identity()
              + " (expected: "
              + identity
              + ")");
    }
    Instant now = clock.instant();
    if (now.plus(clockSkew).isBefore(certificate.notBefore())
        || now.isAfter(certificate.notAfter())) {
      throw new IllegalArgumentException(
          "the certificate is valid from "
              + certificate.notBefore()
              + " to "
              + certificate.notAfter()
              + " and this machine's clock says "
              + now
              + " (expected: within "
              + clockSkew
              + "); compare the clocks of both machines");
    }
    // A leaf that begins in a moment is fine here: the skew was checked above.
    Instant when = now.isBefore(certificate.notBefore()) ? certificate.notBefore() : now;
    TrustRoots.requireChain(certificate.chain(), certificate.roots(), when);
    return certificate;
  }

  private Instant renewAt(Certifier.Certified certified, WorkloadCertificate certificate) {
    Instant now = clock.instant();
    Instant wanted = certified.renewAt();
    if (!wanted.isAfter(now) || !wanted.isBefore(certificate.notAfter())) {
      // Counted from now and not from notBefore, which CAs put some time back.
      long lifeNanos = Duration.between(now, certificate.notAfter()).toNanos();
      wanted = now.plusNanos((long) (lifeNanos * RENEW_AT));
    }
    long jitterNanos = (long) (Duration.between(now, wanted).toNanos() * JITTER);
    return wanted.plusNanos(random.nextLong(-jitterNanos, jitterNanos + 1));
  }

  private static KeyPair newKey() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static Duration longer(Duration a, Duration b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }
}
