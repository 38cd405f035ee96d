package io.refmesh.control.identity;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import javax.net.ssl.SSLException;

/**
 * The control plane's own certificate and the TLS it serves with: TLS 1.3 only, a client
 * certificate when the client has one. The certificate is renewed in the process; connections that
 * are open stay.
 */
public final class ServingTls implements AutoCloseable {

  private final SwappedSslContext context;
  private final Renewal renewal;

  private ServingTls(SwappedSslContext context, Renewal renewal) {
    this.context = context;
    this.renewal = renewal;
  }

  /** Gets the first certificate; renewal begins with {@link #start}. */
  public static ServingTls of(
      CertificateAuthority authority, SpiffeId identity, InstantSource clock, SecureRandom random)
      throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable {
    Made first = make(authority, identity, random);
    SwappedSslContext context = new SwappedSslContext(first.context);
    return new ServingTls(
        context,
        new Renewal(
            "own certificate",
            first.issued,
            () -> {
              Made made = make(authority, identity, random);
              context.swap(made.context);
              return made.issued;
            },
            clock));
  }

  /** For the server; it always stands for the newest certificate. */
  public SslContext context() {
    return context;
  }

  /** Under which the certificate in use stands. */
  public RootName root() {
    return renewal.root();
  }

  public void start() {
    renewal.start();
  }

  /** Renews now, as is needed when the issuer or the trust roots changed. */
  public void renew()
      throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable {
    renewal.renew();
  }

  @Override
  public void close() {
    renewal.close();
  }

  private record Made(SslContext context, CertificateAuthority.Issued issued) {}

  private static Made make(CertificateAuthority authority, SpiffeId identity, SecureRandom random)
      throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable {
    KeyPair key = Certificates.newKey(random);
    CertificateAuthority.Issued issued =
        authority.issue(key.getPublic(), identity, Renewal.LIFETIME, Renewal.CLOCK_SKEW);
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
}
