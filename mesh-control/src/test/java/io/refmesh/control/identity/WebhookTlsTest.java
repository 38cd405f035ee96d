package io.refmesh.control.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WebhookTlsTest {

  private static final String NAME = "refmesh-control.refmesh-system.svc";

  @TempDir private Path state;
  private final SecureRandom random = new SecureRandom();
  private CertificateAuthority authority;
  private WebhookTls tls;
  private SSLServerSocket server;

  @BeforeEach
  void open() throws Exception {
    authority = CertificateAuthority.open(state, "cluster.local", InstantSource.system(), random);
    tls = WebhookTls.of(authority, List.of(NAME), InstantSource.system(), random);
    server =
        (SSLServerSocket)
            tls.context()
                .getServerSocketFactory()
                .createServerSocket(0, 8, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::serve);
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    tls.close();
  }

  @Test
  void isBelievedUnderItsServiceNameByWhoHasTheBundle() throws Exception {
    X509Certificate shown = handshake(NAME, authority.roots());

    assertThat(shown.getSubjectAlternativeNames()).containsExactly(List.of(2, NAME));
    assertThat(Peer.identity(shown)).isEmpty();
    assertThat(shown.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
  }

  @Test
  void isNotBelievedUnderAnotherNameOrByAnotherBundle(@TempDir Path other) throws Exception {
    List<X509Certificate> strangers =
        CertificateAuthority.open(other, "cluster.local", InstantSource.system(), random).roots();

    assertThatThrownBy(() -> handshake("other.refmesh-system.svc", authority.roots()))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> handshake(NAME, strangers)).isInstanceOf(IOException.class);
  }

  @Test
  void theNextHandshakeSeesARenewedCertificate() throws Exception {
    X509Certificate before = handshake(NAME, authority.roots());

    tls.renew();

    assertThat(handshake(NAME, authority.roots())).isNotEqualTo(before);
  }

  private X509Certificate handshake(String name, List<X509Certificate> roots)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (X509Certificate root : roots) {
      store.setCertificateEntry(root.getSerialNumber().toString(), root);
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), random);
    Socket plain = new Socket();
    plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket(plain, name, server.getLocalPort(), true)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  private void serve() {
    while (!server.isClosed()) {
      try (SSLSocket socket = (SSLSocket) server.accept()) {
        socket.startHandshake();
      } catch (IOException e) {
        // A client that did not believe us, or the end.
      }
    }
  }
}
