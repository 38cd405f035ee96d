package io.refmesh.control.identity;

import io.refmesh.model.identity.RootName;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The certificate with which the API server's calls are answered, and the TLS that serves it. The
 * mesh's CA signs it for the names of a Service; it is no identity of the mesh. Renewed in the
 * process: each handshake takes the newest.
 */
public final class WebhookTls implements AutoCloseable {

  private final SSLContext context;
  private final Renewal renewal;

  private WebhookTls(SSLContext context, Renewal renewal) {
    this.context = context;
    this.renewal = renewal;
  }

  /**
   * Gets the first certificate; renewal begins with {@link #start}.
   *
   * @param names as the API server calls it: {@code <service>.<namespace>.svc}
   */
  public static WebhookTls of(
      CertificateAuthority authority, List<String> names, InstantSource clock, SecureRandom random)
      throws GeneralSecurityException, CertificateAuthority.Unavailable {
    Made first = make(authority, names, random);
    NewestKey newest = new NewestKey(first);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(new KeyManager[] {newest}, null, random);
    return new WebhookTls(
        context,
        new Renewal(
            "webhook certificate",
            first.issued,
            () -> {
              Made made = make(authority, names, random);
              newest.take(made);
              return made.issued;
            },
            clock));
  }

  /** For the server of the webhooks; it always stands for the newest certificate. */
  public SSLContext context() {
    return context;
  }

  /** Under which the certificate in use stands. */
  public RootName root() {
    return renewal.root();
  }

  public void start() {
    renewal.start();
  }

  /** Renews now, as is needed when the issuer changed. */
  public void renew()
      throws GeneralSecurityException, SSLException, CertificateAuthority.Unavailable {
    renewal.renew();
  }

  @Override
  public void close() {
    renewal.close();
  }

  private record Made(PrivateKey key, CertificateAuthority.Issued issued) {
    String alias() {
      return issued.serial();
    }
  }

  private static Made make(CertificateAuthority authority, List<String> names, SecureRandom random)
      throws GeneralSecurityException, CertificateAuthority.Unavailable {
    KeyPair key = Certificates.newKey(random);
    return new Made(
        key.getPrivate(),
        authority.issueServer(key.getPublic(), names, Renewal.LIFETIME, Renewal.CLOCK_SKEW));
  }

  /**
   * Gives each handshake the newest key. A handshake asks three times, for the alias, the key and
   * the chain: the alias is the certificate's serial, and the one before the newest is kept, so
   * that a renewal in between mixes nothing.
   */
  private static final class NewestKey extends X509ExtendedKeyManager {

    private static final String TYPE = "EC";

    private record Two(Made newest, Made before) {}

    private volatile Two two;

    NewestKey(Made first) {
      two = new Two(first, first);
    }

    void take(Made made) {
      two = new Two(made, two.newest);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String type, Principal @Nullable [] issuers, SSLEngine engine) {
      return type.equals(TYPE) ? two.newest.alias() : null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, Socket socket) {
      return type.equals(TYPE) ? two.newest.alias() : null;
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      Made made = maybe(alias);
      return made == null ? null : made.key;
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      Made made = maybe(alias);
      return made == null ? null : made.issued.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public String[] getServerAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {two.newest.alias()};
    }

    @Override
    public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, Socket socket) {
      return null;
    }

    private @Nullable Made maybe(String alias) {
      Two now = two;
      return alias.equals(now.newest.alias())
          ? now.newest
          : alias.equals(now.before.alias()) ? now.before : null;
    }
  }
}
