package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.tls.MeshAlpn;
import io.refmesh.testkit.TestCa;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What connections cost a sidecar that are open and carry nothing. */
@Tag("load")
@Timeout(400)
class IdleConnectionsTest {

  private static final int CONNECTIONS = 10_000;
  private static final double RSS_MIB_MOST = 250;
  private static final double CORE_SHARE_MOST = 0.05;
  private static final Duration SETTLE = Duration.ofSeconds(3);
  private static final Duration WATCHED = Duration.ofSeconds(10);
  private static final Duration HANDSHAKES_AT_LEAST = Duration.ofSeconds(1);
  private static final double CONNECTIONS_MIB_AT_LEAST = 20;

  private static final String SIDECAR = "spiffe://idle.local/b";
  private static final String CALLER = "spiffe://idle.local/a";
  private static final int PORT = 8081;
  private static final int ADMIN_PORT = 4191;

  private final TestCa ca = new TestCa("idle root");
  private final HostPort inbound = new HostPort(TestMesh.address(), PORT);

  @TempDir private Path folder;

  @BeforeEach
  void requireLinuxAndFiles() throws IOException {
    Path limits = Path.of("/proc/self/limits");
    assumeTrue(Files.exists(limits), "needs /proc of Linux");
    String files =
        Files.readString(limits)
            .lines()
            .filter(line -> line.startsWith("Max open files"))
            .findFirst()
            .orElseThrow()
            .split(" {2,}")[2];
    assumeTrue(
        files.equals("unlimited") || Long.parseLong(files) > CONNECTIONS + 1_000,
        "needs more than " + CONNECTIONS + " open files; `ulimit -Hn` says " + files);
  }

  @Test
  @Acceptance(172)
  void tenThousandIdleConnectionsCostLittle(TestReporter reporter) throws Exception {
    try (TestApplication application = new TestApplication();
        ProxyProcess sidecar = start(application.address());
        HeldConnections held = new HeldConnections(inbound, callerTls())) {
      double empty = sidecar.rssMiB();
      Duration start = sidecar.cpu();
      held.open(CONNECTIONS);
      assertThat(held.held()).isEqualTo(CONNECTIONS);
      // What measures sees work and memory where they are.
      assertThat(sidecar.cpu().minus(start)).isGreaterThan(HANDSHAKES_AT_LEAST);
      assertThat(sidecar.rssMiB()).isGreaterThan(empty + CONNECTIONS_MIB_AT_LEAST);
      Thread.sleep(SETTLE.toMillis());

      Duration before = sidecar.cpu();
      Thread.sleep(WATCHED.toMillis());
      double share = (double) sidecar.cpu().minus(before).toMillis() / WATCHED.toMillis();
      double rss = sidecar.rssMiB();
      reporter.publishEntry(
          Map.of("RSS MiB", Double.toString(rss), "share of a core", Double.toString(share)));

      assertThat(held.held()).as("still open").isEqualTo(CONNECTIONS);
      assertThat(rss).as("MiB of memory").isLessThan(RSS_MIB_MOST);
      assertThat(share).as("share of a core").isLessThan(CORE_SHARE_MOST);
    }
  }

  private ProxyProcess start(HostPort application) throws IOException {
    ca.leaf(SIDECAR).writeTo(folder);
    Files.move(folder.resolve("chain.pem"), folder.resolve("certificate.pem"));
    ca.writeRoot(folder.resolve("roots.pem"));
    Files.writeString(
        folder.resolve("workload.textproto"),
        """
        default_policy: "cluster-authenticated" trust_domain: "idle.local"
        ports { port: %d protocol: HTTP service: "idle/app"
                authorizations { name: "callers" action: ALLOW rules { from { identities: "%s" } } } }
        """
            .formatted(PORT, CALLER));
    return ProxyProcess.start(
        "standard",
        Map.ofEntries(
            Map.entry("REFMESH_STATIC", folder.toString()),
            Map.entry("REFMESH_WORKLOAD", "idle/b/0"),
            Map.entry("REFMESH_IDENTITY", SIDECAR),
            Map.entry("REFMESH_ADMIN", inbound.host() + ":" + ADMIN_PORT),
            Map.entry("REFMESH_INBOUND", inbound.host()),
            Map.entry("REFMESH_APPLICATION", application.host()),
            Map.entry("REFMESH_PORTS", PORT + "=http"),
            Map.entry("REFMESH_APPLICATION_PORTS", PORT + "=" + application.port()),
            Map.entry("REFMESH_PEERS", "standard"),
            Map.entry("REFMESH_DRAIN_ANNOUNCE", "0s"),
            Map.entry("REFMESH_ACCESS_LOG", "off")),
        folder.resolve("sidecar.log"));
  }

  /** The sidecar is told by its certificate's root; it has no host name. */
  private SslContext callerTls() throws IOException {
    TestCa.Leaf leaf = ca.leaf(CALLER);
    return SslContextBuilder.forClient()
        .sslProvider(SslProvider.OPENSSL)
        .keyManager(leaf.key(), leaf.chain().toArray(X509Certificate[]::new))
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .endpointIdentificationAlgorithm(null)
        .protocols("TLSv1.3")
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                MeshAlpn.HTTP_1.protocol()))
        .build();
  }
}
