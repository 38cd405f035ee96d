package io.refmesh.proxy.control;

import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.tls.PeerIdentity;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Believes a server that chains to the trust roots and is the control plane by its SPIFFE id. Host
 * names play no part. Asked on an event loop, once per connection.
 */
final class ControlPlaneTrust extends X509ExtendedTrustManager {

  private final TrustRoots roots;
  private final SpiffeId expected;
  private final InstantSource clock;

  ControlPlaneTrust(TrustRoots roots, SpiffeId expected, InstantSource clock) {
    this.roots = roots;
    this.expected = expected;
    this.clock = clock;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    try {
      TrustRoots.requireChain(List.of(chain), roots.current(), clock.instant());
    } catch (GeneralSecurityException e) {
      throw new CertificateException(
          "control plane: its certificate does not chain to the trust roots ("
              + e.getMessage()
              + ")",
          e);
    }
    switch (PeerIdentity.of(chain[0])) {
      case PeerIdentity.Named(SpiffeId id) -> {
        if (!id.equals(expected)) {
          throw new CertificateException(
              "control plane: it proved to be " + id + " (expected: " + expected + ")");
        }
      }
      case PeerIdentity.Unnamed(String why) ->
          throw new CertificateException("control plane: " + why + " (expected: " + expected + ")");
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("clients are not checked here (expected: a server)");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkClientTrusted(chain, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkClientTrusted(chain, authType);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return roots.current().toArray(X509Certificate[]::new);
  }
}
