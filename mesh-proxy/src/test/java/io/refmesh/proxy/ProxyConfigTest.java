package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.tls.TlsPeers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyConfigTest {

  private final Map<String, String> environment =
      new HashMap<>(
          Map.of(
              "REFMESH_WORKLOAD", "shop/cart/2",
              "REFMESH_IDENTITY", "spiffe://cluster.local/ns/shop/sa/cart",
              "REFMESH_CONTROL", "127.1.0.1:8086",
              "REFMESH_TRUST_ROOTS", "/state/roots.pem",
              "REFMESH_TOKEN_FILE", "/state/token",
              "REFMESH_ADMIN", "127.1.3.1:4191",
              "REFMESH_INBOUND", "127.1.3.1",
              "REFMESH_APPLICATION", "127.1.3.2"));

  @Test
  void readsWhatIsNecessaryAndTakesTheRestFromTheSpecification() throws Exception {
    ProxyConfig config = ProxyConfig.of(environment);
    assertThat(config.namespace()).isEqualTo("shop");
    assertThat(config.workload()).isEqualTo("cart");
    assertThat(config.replica()).isEqualTo(2);
    assertThat(config.source())
        .isEqualTo(
            new ProxyConfig.Source.Remote(
                new HostPort("127.1.0.1", 8086),
                SpiffeId.parse("spiffe://cluster.local/ns/refmesh-system/sa/control-plane"),
                Path.of("/state/roots.pem"),
                Path.of("/state/token")));
    assertThat(config.peers()).isEqualTo(TlsPeers.SIDECARS);
    assertThat(config.applicationAddress(8080)).isEqualTo(new HostPort("127.1.3.2", 8080));
    assertThat(config.ports()).isEmpty();
    assertThat(config.drainAnnounce()).isEqualTo(Duration.ofSeconds(3));
    assertThat(config.drainTimeout()).isEqualTo(Duration.ofSeconds(120));
    assertThat(config.clockSkew()).isEqualTo(Duration.ofSeconds(20));
    assertThat(config.eventLoops()).isPositive();
    assertThat(config.limits())
        .isEqualTo(
            new ProxyConfig.Limits(
                65_536,
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                10_000,
                5_000,
                64 << 20,
                1_000,
                1_024,
                Duration.ofSeconds(60)));
  }

  @Test
  void takesAFolderInThePlaceOfAControlPlane() throws Exception {
    List.of("REFMESH_CONTROL", "REFMESH_TRUST_ROOTS", "REFMESH_TOKEN_FILE")
        .forEach(environment::remove);
    environment.put("REFMESH_STATIC", "/etc/refmesh");
    environment.put("REFMESH_IDENTITY", "spiffe://bench.local/b");
    environment.put("REFMESH_PEERS", "standard");
    environment.put("REFMESH_PORTS", "8081=http");
    environment.put("REFMESH_APPLICATION_PORTS", "8081=8080");
    environment.put("REFMESH_APPLICATION", "127.1.3.1");
    ProxyConfig config = ProxyConfig.of(environment);
    assertThat(config.source()).isEqualTo(new ProxyConfig.Source.Folder(Path.of("/etc/refmesh")));
    assertThat(config.identity().uri()).isEqualTo("spiffe://bench.local/b");
    assertThat(config.peers()).isEqualTo(TlsPeers.STANDARD);
    assertThat(config.applicationAddress(8081)).isEqualTo(new HostPort("127.1.3.1", 8080));
  }

  @Test
  void takesTheNameOfTheControlPlane() throws Exception {
    environment.put("REFMESH_CONTROL", "refmesh-control.refmesh-system.svc:8086");
    assertThat(ProxyConfig.of(environment).source())
        .isInstanceOfSatisfying(
            ProxyConfig.Source.Remote.class,
            remote ->
                assertThat(remote.address())
                    .isEqualTo(new HostPort("refmesh-control.refmesh-system.svc", 8086)));
  }

  @Test
  void refusesAnApplicationWhereTheSidecarListens() {
    environment.put("REFMESH_APPLICATION", "127.1.3.1");
    environment.put("REFMESH_PORTS", "8081=http,8080=http");
    environment.put("REFMESH_APPLICATION_PORTS", "8081=8080");
    assertThatThrownBy(() -> ProxyConfig.of(environment))
        .hasMessageContaining("REFMESH_APPLICATION: 127.1.3.1");
  }

  @Test
  void readsPortsWithTheirProtocols() throws Exception {
    environment.put(
        "REFMESH_PORTS", "8080=http,9090=refmesh.io/opaque,7000=kubernetes.io/h2c,7001=");
    assertThat(ProxyConfig.of(environment).ports())
        .containsExactly(
            Map.entry(7000, AppProtocol.H2C),
            Map.entry(7001, AppProtocol.DETECT),
            Map.entry(8080, AppProtocol.HTTP),
            Map.entry(9090, AppProtocol.OPAQUE));
  }

  @Test
  void readsHowConnectionsGetHere() throws Exception {
    assertThat(ProxyConfig.of(environment).capture())
        .isEqualTo(new ProxyConfig.Capture.Addresses());
    environment.put("REFMESH_CAPTURE", "redirect");
    assertThat(ProxyConfig.of(environment).capture())
        .isEqualTo(new ProxyConfig.Capture.Redirect(4140, 4143));
    environment.put("REFMESH_OUTBOUND_PORT", "15001");
    environment.put("REFMESH_INBOUND_PORT", "15006");
    environment.put("REFMESH_APPLICATION", environment.get("REFMESH_INBOUND"));
    assertThat(ProxyConfig.of(environment).capture())
        .isEqualTo(new ProxyConfig.Capture.Redirect(15001, 15006));
  }

  @Test
  void readsLimitsWithUnits() throws Exception {
    environment.put("REFMESH_HEADER_BYTES", "16Ki");
    environment.put("REFMESH_BUFFERED_BYTES", "8Mi");
    environment.put("REFMESH_FLOOD_FRAMES", "200");
    environment.put("REFMESH_DRAIN_ANNOUNCE", "500ms");
    environment.put("REFMESH_DRAIN_TIMEOUT", "2m");
    environment.put("REFMESH_ACCESS_LOG", "json");
    ProxyConfig config = ProxyConfig.of(environment);
    assertThat(config.limits().headerBytes()).isEqualTo(16_384);
    assertThat(config.limits().bufferedBytes()).isEqualTo(8 << 20);
    assertThat(config.limits().floodFrames()).isEqualTo(200);
    assertThat(config.drainAnnounce()).isEqualTo(Duration.ofMillis(500));
    assertThat(config.drainTimeout()).isEqualTo(Duration.ofMinutes(2));
    assertThat(config.telemetry().accessLog()).isEqualTo(TelemetryConfig.AccessLogging.JSON);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          REFMESH_WORKLOAD       | cart            | namespace/workload/replica
          REFMESH_IDENTITY       | cart            | spiffe://
          REFMESH_CONTROL        | refmesh_control:8086 | an address and a port
          REFMESH_CONTROL        | 127.1.0:8086    | an address and a port
          REFMESH_CONTROL        | 127.1.0.1       | an address and a port
          REFMESH_CONTROL        | 127.1.0.1:99999 | an address and a port
          REFMESH_APPLICATION    | 127.1.3.1       | another one than REFMESH_INBOUND
          REFMESH_PORTS          | 8080=http,x     | port=appProtocol pairs
          REFMESH_PORTS          | 0=http          | port=appProtocol pairs
          REFMESH_PORTS          | 80=http,80=grpc | port=appProtocol pairs
          REFMESH_PEERS          | everybody       | sidecars or standard
          REFMESH_APPLICATION_PORTS | 8080         | port=port pairs
          REFMESH_CAPTURE        | tproxy          | addresses or redirect
          REFMESH_INBOUND_PORT   | 4140            | another one than REFMESH_OUTBOUND_PORT
          REFMESH_OUTBOUND_PORT  | 0               | 1 to 65535
          REFMESH_EVENT_LOOPS    | 0               | 1 to 256
          REFMESH_DRAIN_ANNOUNCE | 3               | a duration
          REFMESH_DRAIN_TIMEOUT  | -1s             | a duration
          REFMESH_LOG_LEVEL      | loud            | off, error, warn, info, debug or trace
          REFMESH_ACCESS_LOG     | yes             | off, text or json
          REFMESH_HEADER_BYTES   | 10Gi            | 1Ki to 1Mi
          REFMESH_CONNECTIONS    | many            | 1 to 1000000
          REFMESH_STREAMS        | 0               | 1 to 1000000
          REFMESH_IDLE_TIMEOUT   | soon            | a duration
          """)
  void namesSettingValueAndWhatWasExpected(String setting, String value, String expected) {
    environment.put(setting, value);
    assertThatThrownBy(() -> ProxyConfig.of(environment))
        .isInstanceOf(ProxyConfig.Refused.class)
        .hasMessageStartingWith(setting + ": " + value)
        .hasMessageContaining(expected);
  }

  @Test
  void tellsAllMistakesAtOnce() {
    environment.remove("REFMESH_CONTROL");
    environment.put("REFMESH_WORKLOAD", "cart");
    assertThatThrownBy(() -> ProxyConfig.of(environment))
        .hasMessageContaining("REFMESH_WORKLOAD: cart")
        .hasMessageContaining("REFMESH_CONTROL: not set");
  }
}
