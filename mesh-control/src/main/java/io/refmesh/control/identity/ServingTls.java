package io.refmesh.control.identity;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.refmesh.model.identity.SpiffeId;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The control plane's own certificate and the TLS it serves with: TLS 1.3 only, a client
 * certificate when the client has one. The certificate is renewed in the process, from one virtual
 * thread; connections that are open stay.
 */
public final class ServingTls implements AutoCloseable {

  private static final Logger LOG = System.getLogger(ServingTls.class.getName());

  private static final Duration LIFETIME = Duration.ofHours(24);
  private static final int RENEW_AT_PERCENT = 70;
  private static final Duration CLOCK_SKEW = Duration.ofMinutes(1);
  private static final Duration RETRY_AFTER = Duration.ofSeconds(30);

  /** A machine that slept, or whose clock jumped, is noticed after so long. */
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);

  private final CertificateAuthority authority;
  private final SpiffeId identity;
  private final InstantSource clock;
  private final SecureRandom random;
  private final SwappedSslContext context;
  private volatile Instant renewAt;
  private @Nullable Thread renewal;

  private ServingTls(
      CertificateAuthority authority,
      SpiffeId identity,
      InstantSource clock,
      SecureRandom random,
      SwappedSslContext context,
      Instant renewAt) {
    this.authority = authority;
    this.identity = identity;
    this.clock = clock;
    this.random = random;
    this.context = context;
    this.renewAt = renewAt;
  }

  /** Gets the first certificate; renewal begins with {@link #start}. */
  public static ServingTls of(
      CertificateAuthority authority, SpiffeId identity, InstantSource clock, SecureRandom random)
      throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable {
    Made made = make(authority, identity, random);
    return new ServingTls(
        authority,
        identity,
        clock,
        random,
        new SwappedSslContext(made.context),
        renewAt(made.issued, clock.instant()));
  }

  /** For the server; it always stands for the newest certificate. */
  public SslContext context() {
    return context;
  }

  public void start() {
    renewal = Thread.ofVirtual().name("serving-certificate").start(this::renewForEver);
  }

  @Override
  public void close() {
    if (renewal != null) {
      renewal.interrupt();
    }
  }

  /** Renews now. */
  void renew() throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable {
    Made made = make(authority, identity, random);
    context.swap(made.context);
    renewAt = renewAt(made.issued, clock.instant());
    LOG.log(
        Level.INFO,
        "own certificate renewed: serial={0} notAfter={1}",
        made.issued.serial(),
        made.issued.notAfter());
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
              "own certificate not renewed: " + e.getMessage() + "; tried again in " + RETRY_AFTER,
              e);
          Thread.sleep(RETRY_AFTER);
        }
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private record Made(SslContext context, CertificateAuthority.Issued issued) {}

  private static Made make(CertificateAuthority authority, SpiffeId identity, SecureRandom random)
      throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable {
    KeyPair key = CertificateAuthority.newKey(random);
    CertificateAuthority.Issued issued =
        authority.issue(key.getPublic(), identity, LIFETIME, CLOCK_SKEW);
    SslContextBuilder builder =
        SslContextBuilder.forServer(
            key.getPrivate(), issued.chain().toArray(X509Certificate[]::new));
    SslContext context =
        GrpcSslContexts.configure(builder, SslProvider.OPENSSL)
            .protocols("TLSv1.3")
            .option(OpenSslContextOption.GROUPS, new String[] {"X25519MLKEM768", "X25519", "P-256"})
            .trustManager(authority.roots().toArray(X509Certificate[]::new))
            .clientAuth(ClientAuth.OPTIONAL)
            .build();
    return new Made(context, issued);
  }

  private static Instant renewAt(CertificateAuthority.Issued issued, Instant now) {
    return now.plus(
        Duration.between(now, issued.notAfter()).multipliedBy(RENEW_AT_PERCENT).dividedBy(100));
  }
}
