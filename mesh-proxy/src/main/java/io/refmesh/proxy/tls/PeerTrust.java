package io.refmesh.proxy.tls;

import io.netty.handler.ssl.OpenSslCertificateException;
import io.netty.internal.tcnative.CertificateVerifier;
import io.refmesh.model.identity.SpiffeId;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * {@link PeerVerifier} as the TLS engine calls it. As a client it requires the identity that was
 * named for the engine ({@link #expect}); as a server any identity of the own trust domain. Safe on
 * any thread.
 */
final class PeerTrust extends X509ExtendedTrustManager {

  private final PeerVerifier verifier;
  private final String trustDomain;

  /** Until the peer shows its certificate; weak, because some never do. */
  private final Map<SSLEngine, SpiffeId> expected =
      Collections.synchronizedMap(new WeakHashMap<>());

  PeerTrust(PeerVerifier verifier, String trustDomain) {
    this.verifier = verifier;
    this.trustDomain = trustDomain;
  }

  /** Before the handshake of a client. */
  void expect(SSLEngine engine, SpiffeId identity) {
    expected.put(engine, identity);
  }

  @Override
  public void checkClientTrusted(
      X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
      throws CertificateException {
    try {
      SpiffeId peer = verifier.verify(chain, PeerVerifier.Role.CLIENT);
      if (!peer.trustDomain().equals(trustDomain)) {
        throw new PeerRefused(
            TlsFailure.WRONG_IDENTITY,
            "the peer is " + peer + " (expected: trust domain " + trustDomain + ")");
      }
    } catch (PeerRefused refused) {
      throw withAlert(refused);
    }
  }

  @Override
  public void checkServerTrusted(
      X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
      throws CertificateException {
    try {
      SpiffeId peer = verifier.verify(chain, PeerVerifier.Role.SERVER);
      SpiffeId named = engine == null ? null : expected.remove(engine);
      if (!peer.equals(named)) {
        throw new PeerRefused(
            TlsFailure.WRONG_IDENTITY, "the peer is " + peer + " (expected: " + named + ")");
      }
    } catch (PeerRefused refused) {
      throw withAlert(refused);
    }
  }

  /** With the number from which BoringSSL makes the alert that the peer sees. */
  private static CertificateException withAlert(PeerRefused refused) {
    int code =
        switch (refused.failure()) {
          case EXPIRED -> CertificateVerifier.X509_V_ERR_CERT_HAS_EXPIRED;
          case NOT_YET_VALID -> CertificateVerifier.X509_V_ERR_CERT_NOT_YET_VALID;
          case UNKNOWN_CA -> CertificateVerifier.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
          case PLAINTEXT,
              NO_CERTIFICATE,
              WRONG_IDENTITY,
              REFUSED_BY_PEER,
              TIMEOUT,
              CLOSED,
              NOT_READY,
              OTHER ->
              CertificateVerifier.X509_V_ERR_CERT_REJECTED;
        };
    return new OpenSslCertificateException(refused.text(), refused, code);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkClientTrusted(chain, authType, (SSLEngine) null);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkServerTrusted(chain, authType, (SSLEngine) null);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    checkClientTrusted(chain, authType, (SSLEngine) null);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    checkServerTrusted(chain, authType, (SSLEngine) null);
  }

  /**
   * None are named to clients: a sidecar has one certificate, and names cost bytes in each
   * handshake.
   */
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
