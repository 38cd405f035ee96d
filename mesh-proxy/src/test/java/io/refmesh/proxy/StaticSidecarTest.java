package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.control.StaticConfiguration;
import io.refmesh.testkit.TestCa;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A sidecar that a folder configures, and programs without a sidecar that call it by mutual TLS.
 */
class StaticSidecarTest {

  private static final String B = "spiffe://bench.local/b";
  private static final String A = "spiffe://bench.local/a";
  private static final int SCANS_MOST = 10;

  private final TestCa ca = new TestCa("static root");
  private final String inbound = TestMesh.address();
  private final String unused = TestMesh.address();

  @TempDir private Path folder;

  @BeforeEach
  void writeFolder() throws IOException {
    ca.leaf(B).writeTo(folder);
    Files.move(folder.resolve("chain.pem"), folder.resolve("certificate.pem"));
    ca.writeRoot(folder.resolve("roots.pem"));
    workload("cluster-authenticated", A);
  }

  private void workload(String policy, String allowed) throws IOException {
    Files.writeString(
        folder.resolve("workload.textproto"),
        """
        default_policy: "%s" trust_domain: "bench.local"
        ports { port: 8081 protocol: HTTP service: "bench/app"
                authorizations { name: "callers" action: ALLOW rules { from { identities: "%s" } } } }
        """
            .formatted(policy, allowed));
  }

  @Test
  void servesAClientThatHasACertificateOfTheAuthorityAndNoSidecar() throws Exception {
    try (TestApplication application = new TestApplication();
        Proxy proxy = start(application.address(), "standard");
        HttpClient client = client(A)) {
      HttpResponse<String> answer = get(client, "https");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(proxy.notReady()).isEmpty();
    }
  }

  @Test
  void asksThePolicyAboutSuchAClient() throws Exception {
    try (TestApplication application = new TestApplication();
        Proxy proxy = start(application.address(), "standard");
        HttpClient client = client("spiffe://bench.local/c")) {
      assertThat(get(client, "https").statusCode()).isEqualTo(403);
      assertThat(get(client, "http").statusCode()).isEqualTo(403);
      assertThat(proxy.notReady()).isEmpty();
    }
  }

  @Test
  void doesNotEndTheTlsOfOthersUnlessItIsToldTo() throws Exception {
    try (TestApplication application = new TestApplication();
        Proxy proxy = start(application.address(), "sidecars");
        HttpClient client = client(A)) {
      assertThatThrownBy(() -> get(client, "https")).isInstanceOf(IOException.class);
      assertThat(proxy.notReady()).isEmpty();
    }
  }

  @Test
  @Tag("interop")
  void sslscanFindsOnlyTls13AndNothingWeak() throws Exception {
    String sslscan = Program.path("sslscan", "apt-get install sslscan");
    try (TestApplication application = new TestApplication();
        Proxy proxy = start(application.address(), "standard")) {
      Program.Result scan = Program.run(List.of(sslscan, "--no-colour", inbound + ":8081"));
      assertThat(scan.output())
          .containsPattern("TLSv1\\.3 +enabled")
          .containsPattern("TLSv1\\.2 +disabled")
          .containsPattern("TLSv1\\.1 +disabled")
          .containsPattern("TLSv1\\.0 +disabled")
          .containsPattern("SSLv3 +disabled")
          .contains("TLSv1.3 not vulnerable to heartbleed")
          .doesNotContainPattern("(Accepted|Preferred) +(TLSv1\\.[012]|SSL)")
          .doesNotContain("Compression enabled");
      assertThat(scan.output().lines().filter(line -> line.matches("TLS\\S+ +\\d+ bits .*")))
          .as("groups")
          .allMatch(line -> line.matches(".*(secp256r1|x25519).*"));
      assertThat(scan.output().lines().filter(line -> line.matches("(Accepted|Preferred) .*")))
          .isNotEmpty()
          .allMatch(line -> line.matches("\\S+ +TLSv1\\.3 .*TLS_(AES|CHACHA20).*"));
      assertThat(proxy.notReady()).isEmpty();
    }
  }

  @Test
  @Tag("interop")
  void testsslFindsNoSeriousFault() throws Exception {
    String testssl = Program.path("testssl", "apt-get install testssl.sh");
    try (TestApplication application = new TestApplication();
        Proxy proxy = start(application.address(), "standard")) {
      // It has no certificate. Where the refusal of that overtakes the end of its first handshake
      // it takes the port for dead and gives up before it has looked at anything.
      int run = 0;
      Program.Result scan = scan(testssl, run);
      while (scan.output().contains("cannot connect") && run < SCANS_MOST) {
        scan = scan(testssl, ++run);
      }
      assertThat(Files.readString(report(run)))
          .as(scan.output())
          .contains("\"TLS1_3\"")
          .doesNotContain("\"severity\"     : \"HIGH\"", "\"severity\"     : \"CRITICAL\"");
      assertThat(scan.output())
          .containsPattern("TLS 1\\.2 +not offered")
          .containsPattern("TLS 1\\.3 +offered");
      assertThat(proxy.notReady()).isEmpty();
    }
  }

  private Program.Result scan(String testssl, int run) {
    return Program.run(
        List.of(
            testssl,
            "--quiet",
            "--color",
            "0",
            "-p",
            "-s",
            "-f",
            "--jsonfile",
            report(run).toString(),
            inbound + ":8081"));
  }

  private Path report(int run) {
    return folder.resolve("testssl-" + run + ".json");
  }

  @Test
  void namesTheFileThatIsWrong() throws IOException {
    workload("open", A);
    assertThatThrownBy(() -> StaticConfiguration.read(folder, foreign(B)))
        .hasMessageContaining("workload.textproto: default inbound policy: open");
    Files.writeString(folder.resolve("workload.textproto"), "ports {");
    assertThatThrownBy(() -> StaticConfiguration.read(folder, foreign(B)))
        .hasMessageContaining("workload.textproto:1:")
        .hasMessageContaining("expected: refmesh.v1.WorkloadConfig");
    assertThatThrownBy(() -> StaticConfiguration.read(folder, foreign(A)))
        .hasMessageContaining("certificate.pem: names " + B + " (expected: " + A);
    Files.delete(folder.resolve("key.pem"));
    assertThatThrownBy(() -> StaticConfiguration.read(folder, foreign(B)))
        .hasMessageContaining("key.pem: cannot be read");
  }

  private static SpiffeId foreign(String uri) {
    return SpiffeId.maybeParseForeign(uri).orElseThrow();
  }

  private Proxy start(HostPort application, String peers) throws Exception {
    ProxyConfig config =
        ProxyConfig.of(
            Map.of(
                "REFMESH_STATIC",
                folder.toString(),
                "REFMESH_WORKLOAD",
                "bench/b/0",
                "REFMESH_IDENTITY",
                B,
                "REFMESH_ADMIN",
                unused + ":0",
                "REFMESH_INBOUND",
                inbound,
                "REFMESH_APPLICATION",
                application.host(),
                "REFMESH_PORTS",
                "8081=http",
                "REFMESH_APPLICATION_PORTS",
                "8081=" + application.port(),
                "REFMESH_PEERS",
                peers,
                "REFMESH_EVENT_LOOPS",
                "1"));
    Proxy proxy =
        new Proxy(
            config,
            Control.ofEnvironment(config),
            new Proxy.Surroundings(
                Transport.best(),
                Ticker.systemTicker(),
                InstantSource.system(),
                1,
                OutputStream.nullOutputStream()));
    proxy.start();
    Eventually.holds(() -> proxy.notReady().isEmpty());
    return proxy;
  }

  private HttpResponse<String> get(HttpClient client, String scheme) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(scheme + "://" + inbound + ":8081/")).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private HttpClient client(String identity) throws Exception {
    TestCa.Leaf leaf = ca.leaf(identity);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setKeyEntry("own", leaf.key(), new char[0], leaf.chain().toArray(X509Certificate[]::new));
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, new char[0]);
    SSLContext tls = SSLContext.getInstance("TLSv1.3");
    tls.init(own.getKeyManagers(), new TrustManager[] {new TrustsAnyName()}, new SecureRandom());
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(tls).build();
  }

  /** The server is not under test; its certificate names no host. */
  private static final class TrustsAnyName extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
