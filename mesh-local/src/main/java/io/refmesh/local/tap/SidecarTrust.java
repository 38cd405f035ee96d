package io.refmesh.local.tap;

import io.refmesh.model.identity.SpiffeId;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Believes a server whose certificate leads to a root of the mesh and names one identity. */
final class SidecarTrust extends X509ExtendedTrustManager {

  /** RFC 5280 §4.2.1.6: {@code uniformResourceIdentifier [6]}. */
  private static final int URI_NAME = 6;

  private final X509TrustManager chain;
  private final SpiffeId expected;

  SidecarTrust(List<X509Certificate> roots, SpiffeId expected) throws GeneralSecurityException {
    this.expected = expected;
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (int i = 0; i < roots.size(); i++) {
        store.setCertificateEntry("root-" + i, roots.get(i));
      }
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(store);
      chain = (X509TrustManager) factory.getTrustManagers()[0];
    } catch (java.io.IOException e) {
      throw new GeneralSecurityException("an empty key store cannot be made", e);
    }
  }

  static TrustManager of(List<X509Certificate> roots, SpiffeId expected)
      throws GeneralSecurityException {
    return new SidecarTrust(roots, expected);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] certificates, String authType)
      throws CertificateException {
    chain.checkServerTrusted(certificates, authType);
    List<String> names = uris(certificates[0]);
    if (!names.equals(List.of(expected.uri()))) {
      throw new CertificateException("the peer is " + names + " (expected: " + expected + ")");
    }
  }

  private static List<String> uris(X509Certificate leaf) throws CertificateException {
    Collection<List<?>> names = leaf.getSubjectAlternativeNames();
    return names == null
        ? List.of()
        : names.stream()
            .filter(name -> name.get(0) instanceof Integer kind && kind == URI_NAME)
            .map(name -> String.valueOf(name.get(1)))
            .toList();
  }

  @Override
  public void checkServerTrusted(
      X509Certificate[] certificates, String authType, @Nullable SSLEngine engine)
      throws CertificateException {
    checkServerTrusted(certificates, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] certificates, String authType, Socket socket)
      throws CertificateException {
    checkServerTrusted(certificates, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] certificates, String authType)
      throws CertificateException {
    throw new CertificateException("nobody is served here");
  }

  @Override
  public void checkClientTrusted(
      X509Certificate[] certificates, String authType, @Nullable SSLEngine engine)
      throws CertificateException {
    checkClientTrusted(certificates, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] certificates, String authType, Socket socket)
      throws CertificateException {
    checkClientTrusted(certificates, authType);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
