package io.refmesh.proxy.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.WorkloadCertificate;
import io.refmesh.testkit.Seed;
import io.refmesh.testkit.Seeds;
import io.refmesh.testkit.TestCa;
import io.refmesh.testkit.acceptance.Acceptance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateSourceTest {

  private static final SpiffeId WEB = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web");

  private final TestCa ca = new TestCa("root");
  private final ManualTime time = new ManualTime();
  private final ScriptedCa certifier = new ScriptedCa();
  private final Recording listener = new Recording();
  private final ProxyMetrics metrics = new ProxyMetrics(Ticker.newMockTicker(), 100);
  private final TrustRoots roots = TrustRoots.of(List.of(ca.root()));
  private final HeldCertificate held = new HeldCertificate(roots, listener, () -> {}, metrics);

  @Seeds(6)
  @Acceptance(102)
  void renewsALeafOfADayAt70PercentOfItsLifeWithANewKeyEachTime(Seed seed) {
    certifier.life = Duration.ofHours(24);

    runUntil(seed.random(), 5);

    assertThat(certifier.keys).hasSize(5);
    for (int i = 1; i < certifier.asked.size(); i++) {
      double share =
          (double) Duration.between(certifier.asked.get(i - 1), certifier.asked.get(i)).toMillis()
              / certifier.life.toMillis();
      assertThat(share).isBetween(0.65, 0.75);
    }
    assertThat(listener.expired).isEmpty();
    assertThat(renewals("success")).isEqualTo(5);
    assertThat(metrics.gauge(ProxyMetric.CERTIFICATE_NOT_AFTER_SECONDS).value())
        .isEqualTo(listener.certificates.getLast().notAfter().getEpochSecond());
  }

  @Seeds(10)
  void triesSeveralTimesBeforeALeafOfSecondsEndsAndSaysWhenItHas(Seed seed) {
    certifier.life = Duration.ofSeconds(5);
    certifier.downAfter = 1;

    runUntil(seed.random(), 60);

    WorkloadCertificate leaf = listener.certificates.getFirst();
    long before = certifier.asked.stream().filter(when -> when.isBefore(leaf.notAfter())).count();
    assertThat(before - 1).isGreaterThanOrEqualTo(3);
    assertThat(listener.expired).hasSize(1);
    assertThat(listener.expiredAt).isBetween(leaf.notAfter(), leaf.notAfter().plusSeconds(1));
    assertThat(held.current()).isEmpty();
  }

  @Seeds(6)
  void waitsBetweenOneAndThirtySecondsWhileALongLeafLasts(Seed seed) {
    certifier.life = Duration.ofHours(24);
    certifier.downAfter = 1;

    runUntil(seed.random(), 40);

    for (int i = 2; i < certifier.asked.size(); i++) {
      assertThat(Duration.between(certifier.asked.get(i - 1), certifier.asked.get(i)))
          .isLessThan(Duration.ofSeconds(31));
    }
    assertThat(Duration.between(certifier.asked.get(1), certifier.asked.getLast()))
        .isGreaterThan(Duration.ofMinutes(3));
    assertThat(listener.expired).isEmpty();
    assertThat(held.current()).isPresent();
  }

  @Test
  void comesBackAfterTheCaDoesWithoutLosingTheLeafInBetween() {
    certifier.life = Duration.ofHours(1);
    certifier.downAfter = 1;
    certifier.upAgainAfter = 8;

    runUntil(RandomGenerator.getDefault(), 9);

    assertThat(listener.certificates).hasSize(2);
    assertThat(listener.expired).isEmpty();
    assertThat(renewals("failure")).isEqualTo(7);
  }

  @Test
  void refusesALeafThatBeginsBeyondTheClockSkewAndNamesTheClock() {
    certifier.startsIn = Duration.ofSeconds(25);
    CertificateSource source = source(RandomGenerator.getDefault());

    source.certifyOnce();

    assertThat(source.lastFailure()).contains("compare the clocks");
    assertThat(listener.certificates).isEmpty();

    certifier.startsIn = Duration.ofSeconds(15);
    source.certifyOnce();
    assertThat(source.lastFailure()).isNull();
  }

  @Test
  void refusesALeafForAnotherIdentityKeyOrRoot() {
    CertificateSource source = source(RandomGenerator.getDefault());

    certifier.identity = "spiffe://cluster.local/ns/shop/sa/cart";
    source.certifyOnce();
    assertThat(source.lastFailure())
        .contains("certified spiffe://cluster.local/ns/shop/sa/cart (expected: " + WEB);

    certifier.identity = WEB.uri();
    certifier.otherKey = true;
    source.certifyOnce();
    assertThat(source.lastFailure()).contains("another key");

    certifier.otherKey = false;
    certifier.roots = List.of(new TestCa("foreign").root());
    source.certifyOnce();
    assertThat(source.lastFailure()).isNotNull();
    assertThat(listener.certificates).isEmpty();
  }

  @Test
  void givesTheListenerTheSameLeafWithNewRoots() {
    source(RandomGenerator.getDefault()).certifyOnce();
    X509Certificate second = new TestCa("second").root();

    held.trust(List.of(ca.root(), second), ByteString.EMPTY);

    assertThat(listener.certificates).hasSize(2);
    assertThat(listener.certificates.getLast().leaf())
        .isEqualTo(listener.certificates.getFirst().leaf());
    assertThat(roots.current()).containsExactly(ca.root(), second);
  }

  @Test
  void doesNotTellTheListenerOfTheSameRootsAgain() {
    source(RandomGenerator.getDefault()).certifyOnce();

    held.trust(List.of(ca.root()), ByteString.EMPTY);

    assertThat(listener.certificates).hasSize(1);
  }

  @Seeds(6)
  void renewsWithinSecondsAndSpreadWhenLeavesAreSignedUnderAnotherRoot(Seed seed) {
    TestCa next = new TestCa("next");
    certifier.life = Duration.ofHours(24);
    certifier.roots = List.of(ca.root(), next.root());
    certifier.onRequest =
        requests -> {
          if (requests == 2) {
            certifier.signer = next;
          }
        };
    // Told while the first leaf is asked for, as good as at any later moment.
    time.onSleep =
        () -> held.trust(List.of(ca.root(), next.root()), TrustRoots.fingerprint(next.root()));

    runUntil(seed.random(), 3);

    assertThat(Duration.between(certifier.asked.get(0), certifier.asked.get(1)))
        .isLessThan(Duration.ofSeconds(41));
    assertThat(Duration.between(certifier.asked.get(1), certifier.asked.get(2)))
        .isGreaterThan(Duration.ofHours(15));
    assertThat(held.outdated()).isFalse();
  }

  @Test
  void asksLessOftenAsLongAsTheLeafIsStillUnderTheOldRoot() {
    TestCa next = new TestCa("next");
    certifier.life = Duration.ofHours(24);
    time.onSleep =
        () -> held.trust(List.of(ca.root(), next.root()), TrustRoots.fingerprint(next.root()));

    runUntil(new SplittableRandom(7), 60);

    assertThat(held.outdated()).isTrue();
    assertThat(Duration.between(certifier.asked.get(10), certifier.asked.getLast()))
        .isGreaterThan(Duration.ofMinutes(50L * 4));
  }

  @Test
  void keepsTheRootsOfTheStreamWhenALeafBringsOlderOnes() {
    CertificateSource source = source(RandomGenerator.getDefault());
    source.certifyOnce();
    X509Certificate second = new TestCa("second").root();
    held.trust(List.of(ca.root(), second), ByteString.EMPTY);

    source.certifyOnce();

    assertThat(roots.current()).containsExactly(ca.root(), second);
    assertThat(listener.certificates.getLast().roots()).containsExactly(ca.root(), second);
  }

  @Test
  void refusesALeafUnderARootThatTheStreamDoesNotName() {
    CertificateSource source = source(RandomGenerator.getDefault());
    source.certifyOnce();
    TestCa foreign = new TestCa("foreign");
    held.trust(List.of(ca.root()), ByteString.EMPTY);
    certifier.signer = foreign;
    certifier.roots = List.of(ca.root(), foreign.root());

    source.certifyOnce();

    assertThat(source.lastFailure()).isNotNull();
    assertThat(listener.certificates).hasSize(1);
  }

  @Test
  void findsBackByItsFileWhenTheRootsWereReplacedWhileItWasAway(@TempDir Path folder) {
    Path file = folder.resolve("roots.pem");
    ca.writeRoot(file);
    TrustRoots read = TrustRoots.read(file);
    HeldCertificate away = new HeldCertificate(read, listener, () -> {}, metrics);
    CertificateSource source =
        new CertificateSource(
            certifier,
            WEB,
            away,
            Duration.ofSeconds(20),
            time,
            new SplittableRandom(1),
            time,
            metrics);
    source.certifyOnce();
    away.trust(List.of(ca.root()), TrustRoots.fingerprint(ca.root()));
    TestCa next = new TestCa("next");
    next.writeRoot(file);

    source.certifyOnce();
    assertThat(read.current()).as("while the stream lasts").containsExactly(ca.root());
    assertThat(away.outdated()).isFalse();

    away.away();
    assertThat(read.current()).containsExactlyInAnyOrder(ca.root(), next.root());
    assertThat(away.outdated()).isTrue();
    assertThat(listener.certificates.getLast().roots())
        .as("by which peers are judged")
        .containsExactly(ca.root());

    certifier.signer = next;
    certifier.roots = List.of(next.root());
    source.certifyOnce();
    assertThat(source.lastFailure()).isNull();
    assertThat(away.outdated()).isFalse();
    assertThat(listener.certificates.getLast().roots()).contains(next.root());

    away.trust(List.of(next.root()), TrustRoots.fingerprint(next.root()));
    assertThat(read.current()).containsExactly(next.root());
    assertThat(away.outdated()).isFalse();
  }

  @Test
  void asksForNoOtherLeafWhenItsFileHasTheRootOfTheOneItHolds(@TempDir Path folder)
      throws Exception {
    Path file = folder.resolve("roots.pem");
    ca.writeRoot(file);
    HeldCertificate away = new HeldCertificate(TrustRoots.read(file), listener, () -> {}, metrics);
    new CertificateSource(
            certifier,
            WEB,
            away,
            Duration.ofSeconds(20),
            time,
            new SplittableRandom(1),
            time,
            metrics)
        .certifyOnce();
    Files.writeString(file, TestCa.pemOf(List.of(new TestCa("next").root(), ca.root())));

    away.away();

    assertThat(away.outdated()).isFalse();
  }

  private long renewals(String result) {
    return metrics.counter(ProxyMetric.CERTIFICATE_RENEWALS_TOTAL, result).value();
  }

  private CertificateSource source(RandomGenerator random) {
    return new CertificateSource(
        certifier, WEB, held, Duration.ofSeconds(20), time, random, time, metrics);
  }

  /** Runs the loop on this thread, on manual time, until the CA was asked so many times. */
  private void runUntil(RandomGenerator random, int requests) {
    certifier.stopAfter = requests;
    source(random).run();
    // The loop ends by interrupting itself; the test goes on.
    assertThat(Thread.interrupted()).isTrue();
  }

  /** Time that passes when somebody sleeps. */
  private static final class ManualTime implements InstantSource, Sleeper {
    private Instant now = Instant.now();
    Runnable onSleep = () -> {};

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      now = now.plus(duration);
      onSleep.run();
    }

    @Override
    public void wake() {
      // Nobody sleeps on a thread of its own here.
    }
  }

  private final class ScriptedCa implements Certifier {
    Duration life = Duration.ofHours(1);
    Duration startsIn = Duration.ZERO;
    String identity = WEB.uri();
    boolean otherKey;
    List<X509Certificate> roots = List.of(ca.root());
    TestCa signer = ca;
    IntConsumer onRequest = requests -> {};
    int downAfter = Integer.MAX_VALUE;
    int upAgainAfter = Integer.MAX_VALUE;
    int stopAfter = Integer.MAX_VALUE;
    final List<Instant> asked = new ArrayList<>();
    final Set<PublicKey> keys = new HashSet<>();

    @Override
    public Certified certify(SpiffeId wanted, byte[] csr, Duration timeout) throws Refused {
      asked.add(time.instant());
      onRequest.accept(asked.size());
      if (asked.size() >= stopAfter) {
        Thread.currentThread().interrupt();
      }
      if (asked.size() > downAfter && asked.size() <= upAgainAfter) {
        throw new Refused("the CA is down");
      }
      Instant from = time.instant().plus(startsIn);
      Instant until = from.plus(life);
      X509Certificate leaf =
          otherKey
              ? ca.leaf(identity, from, until).certificate()
              : signer.certify(csr, identity, from, until);
      keys.add(leaf.getPublicKey());
      return new Certified(List.of(leaf), roots, from.plus(life.multipliedBy(7).dividedBy(10)));
    }
  }

  private final class Recording implements CertificateListener {
    final List<WorkloadCertificate> certificates = new ArrayList<>();
    final List<String> expired = new ArrayList<>();
    Instant expiredAt = Instant.MIN;

    @Override
    public void certificate(WorkloadCertificate certificate) {
      certificates.add(certificate);
    }

    @Override
    public void expired(WorkloadCertificate certificate, String why) {
      expired.add(why);
      expiredAt = time.instant();
    }
  }
}
