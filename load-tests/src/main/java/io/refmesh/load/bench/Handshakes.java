package io.refmesh.load.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** Connects to B with A's certificate, shakes hands, asks once and closes, over and over. */
final class Handshakes {

  private static final int THREADS = 4;

  private Handshakes() {}

  static Load run(int port, int seconds, Certificates certificates) throws IOException {
    SSLContext tls = context(certificates.folder());
    AtomicLong good = new AtomicLong();
    AtomicLong bad = new AtomicLong();
    long begin = System.nanoTime();
    long end = begin + seconds * 1_000_000_000L;
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      for (int i = 0; i < THREADS; i++) {
        threads.execute(() -> {
          while (System.nanoTime() < end) {
            (once(tls, port) ? good : bad).incrementAndGet();
          }
        });
      }
    }
    return new Load(good.get(), (System.nanoTime() - begin) / 1e9, bad.get(), Map.of());
  }

  private static boolean once(SSLContext tls, int port) {
    try (SSLSocket socket = connect(tls, port)) {
      socket
          .getOutputStream()
          .write(
              "GET /small HTTP/1.1\r\nHost: app.bench.local\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      byte[] answer = socket.getInputStream().readAllBytes();
      return new String(answer, StandardCharsets.US_ASCII).startsWith("HTTP/1.1 200");
    } catch (IOException e) {
      return false;
    }
  }

  /** A connection to B; the first bytes that are written begin its handshake. */
  static SSLSocket connect(SSLContext tls, int port) throws IOException {
    Socket plain = new Socket();
    try {
      plain.connect(new InetSocketAddress("127.0.0.1", port), 5_000);
      plain.setTcpNoDelay(true);
      plain.setSoTimeout(5_000);
      SSLSocket socket =
          (SSLSocket) tls.getSocketFactory().createSocket(plain, "b.bench.local", port, true);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"http/1.1"});
      parameters.setProtocols(new String[] {"TLSv1.3"});
      parameters.setNamedGroups(new String[] {"x25519"});
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      return socket;
    } catch (IOException e) {
      plain.close();
      throw e;
    }
  }

  static SSLContext context(Path folder) throws IOException {
    try {
      CertificateFactory x509 = CertificateFactory.getInstance("X.509");
      String pem = Files.readString(folder.resolve("a.key")).replaceAll("-----[^-]+-----|\\s", "");
      KeyStore own = KeyStore.getInstance("PKCS12");
      own.load(null, null);
      own.setKeyEntry(
          "a",
          KeyFactory.getInstance("EC")
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem))),
          new char[0],
          new Certificate[] {certificate(x509, folder.resolve("a.pem"))});
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(own, new char[0]);
      KeyStore believed = KeyStore.getInstance("PKCS12");
      believed.load(null, null);
      believed.setCertificateEntry("ca", certificate(x509, folder.resolve("ca.pem")));
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(believed);
      SSLContext tls = SSLContext.getInstance("TLSv1.3");
      tls.init(keys.getKeyManagers(), trust.getTrustManagers(), new SecureRandom());
      return tls;
    } catch (GeneralSecurityException e) {
      throw new IOException("the certificates of this run cannot be used", e);
    }
  }

  private static Certificate certificate(CertificateFactory x509, Path file)
      throws GeneralSecurityException {
    try (var in = Files.newInputStream(file)) {
      return x509.generateCertificate(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
