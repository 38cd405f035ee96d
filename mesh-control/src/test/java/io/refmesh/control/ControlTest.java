package io.refmesh.control;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.refmesh.control.identity.TokenIssuer;
import io.refmesh.control.registry.Instances;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.DestinationWire;
import io.refmesh.model.wire.WorkloadWire;
import io.refmesh.model.wire.v1.CertifyResponse;
import io.refmesh.model.wire.v1.WatchResponse;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlTest {

  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final SpiffeId CART = new SpiffeId("cluster.local", "shop", "cart");
  private static final String DESTINATION = "destination/shop/cart/8080";
  private static final HostPort ANY = new HostPort("127.0.0.1", 0);

  private static final String MESH =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: cart, namespace: shop}
      spec:
        selector: {app: cart}
        ports: [{name: http, port: 8080, appProtocol: http}]
      ---
      kind: ResiliencePolicy
      metadata: {name: cart, namespace: shop}
      spec:
        targetRefs: [{kind: Service, name: cart}]
        timeouts: {request: %s}
      """;

  @TempDir private Path base;
  private Path folder = Path.of("");
  private Path state = Path.of("");
  private final List<AutoCloseable> opened = new ArrayList<>();
  private Control control;

  @BeforeEach
  void start() throws Exception {
    folder = Files.createDirectory(base.resolve("mesh"));
    state = base.resolve("state");
    write("cart.yaml", MESH.formatted("2s"));
    Files.createDirectory(state);
    runs(instance("web", true), instance("cart", true));
    control = open(startControl());
  }

  @AfterEach
  void stop() throws Exception {
    for (int index = opened.size() - 1; index >= 0; index--) {
      opened.get(index).close();
    }
  }

  @Test
  void certifiesAWorkloadByItsToken() throws Exception {
    ProxyClient proxy = client();

    CertifyResponse response = proxy.certify(WEB.uri(), token(WEB, "shop/web/0"));

    X509Certificate leaf = proxy.leaf();
    assertThat(leaf.getSubjectX500Principal().getName()).isEmpty();
    assertThat(leaf.getSubjectAlternativeNames()).containsExactly(List.of(6, WEB.uri()));
    assertThat(leaf.getCriticalExtensionOIDs()).contains("2.5.29.17", "2.5.29.15");
    assertThat(leaf.getExtendedKeyUsage()).hasSize(2);
    assertThat(response.getChainCount()).isEqualTo(2);
    assertThat(response.getNotAfterEpochMillis()).isEqualTo(leaf.getNotAfter().getTime());
    assertThat(Instant.ofEpochMilli(response.getRenewAtEpochMillis()))
        .isBetween(
            Instant.now().plus(Duration.ofHours(16)), Instant.now().plus(Duration.ofHours(17)));
    assertThat(Files.readString(state.resolve("audit.log")))
        .contains("\"decision\":\"issued\"", WEB.uri(), leaf.getSerialNumber().toString(16));
  }

  @Test
  @Acceptance(105)
  void refusesATokenForAnotherIdentityAndAuditsIt() throws Exception {
    ProxyClient proxy = client();

    assertThatThrownBy(() -> proxy.certify(CART.uri(), token(WEB, "shop/web/0")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
              assertThat(e.getStatus().getDescription()).startsWith("token-other-identity");
            });
    assertThat(Files.readString(state.resolve("audit.log")))
        .contains("\"decision\":\"refused\"", "token-other-identity");
  }

  @Test
  void tellsAProxyItsConfigurationItsRootsAndItsDestinations() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.subscribe("shop", "cart", 8080);

    assertThat(proxy.next("trust").getTrust().getRootsCount()).isEqualTo(1);
    WorkloadConfig config = WorkloadWire.decode(proxy.next("workload").getWorkload());
    assertThat(config.outbound())
        .extracting(l -> l.listen().toString())
        .containsExactly("127.1.9.9:8080");
    Destination destination = DestinationWire.decode(proxy.next(DESTINATION).getDestination());
    assertThat(destination.rules().getFirst().timeouts().request())
        .isEqualTo(Duration.ofSeconds(2));
    assertThat(destination.backends()).containsOnlyKeys(destination.id());
    assertThat(destination.backends().values())
        .flatExtracting(Backend::endpoints)
        .singleElement()
        .satisfies(endpoint -> {
          assertThat(endpoint.address()).isEqualTo(new HostPort("127.1.3.1", 8080));
          assertThat(endpoint.identity()).contains(CART);
          assertThat(endpoint.ready()).isTrue();
        });
  }

  @Test
  void sendsANewVersionWithinASecondOfAChangedFile() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.subscribe("shop", "cart", 8080);
    long before = proxy.next(DESTINATION).getVersion();

    Instant changed = Instant.now();
    write("cart.yaml", MESH.formatted("700ms"));
    WatchResponse response = proxy.next(DESTINATION);

    assertThat(Duration.between(changed, Instant.now())).isLessThan(Duration.ofSeconds(1));
    assertThat(response.getVersion()).isGreaterThan(before);
    assertThat(response.getDestination().getRules(0).getRequestTimeoutMillis()).isEqualTo(700);
  }

  @Test
  void sendsNothingWhenAFileIsWrittenAgainWithTheSameMeaning() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.subscribe("shop", "cart", 8080);
    proxy.next(DESTINATION);

    write("cart.yaml", "# a comment\n" + MESH.formatted("2s"));

    assertThat(proxy.silent(400)).isTrue();
  }

  @Test
  void keepsTheLastGoodVersionOfABrokenFileAndSaysWhatIsWrong() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.subscribe("shop", "cart", 8080);
    proxy.next(DESTINATION);

    write("cart.yaml", MESH.formatted("2"));
    String problems = stateWhen("\"field\" : \"spec.timeouts.request\"");

    assertThat(problems)
        .contains("cart.yaml", "ResiliencePolicy shop/cart", "expected: a duration");
    assertThat(problems).contains("\"line\" : 12");
    assertThat(proxy.silent(50)).isTrue();
    // Other files still apply.
    write("more.yaml", MESH.formatted("1s").replace("name: cart", "name: other"));
    proxy.subscribe("shop", "other", 8080);
    proxy.next(r -> r.getResource().equals("destination/shop/other/8080") && r.hasDestination());
  }

  @Test
  void tellsOfChangedInstancesQuickly() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.subscribe("shop", "cart", 8080);
    proxy.next(DESTINATION);

    Instant changed = Instant.now();
    runs(instance("web", true), instance("cart", false));
    WatchResponse response = proxy.next(DESTINATION);

    assertThat(Duration.between(changed, Instant.now())).isLessThan(Duration.ofMillis(400));
    assertThat(response.getDestination().getBackends(0).getEndpoints(0).getReady()).isFalse();
  }

  @Test
  void saysThatAServiceIsNotThereAndSendsItWhenItComes() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.subscribe("shop", "pricing", 8080);

    WatchResponse absent = proxy.next("destination/shop/pricing/8080");
    assertThat(absent.getNotFound().getReason()).contains("no Service shop/pricing");

    write("pricing.yaml", MESH.formatted("1s").replace("name: cart", "name: pricing"));
    WatchResponse present = proxy.next("destination/shop/pricing/8080");
    assertThat(present.hasDestination()).isTrue();
    assertThat(present.getVersion()).isGreaterThan(absent.getVersion());
  }

  @Test
  void refusesAProxyThatSaysItIsAnotherWorkload() throws Exception {
    ProxyClient proxy = client();
    proxy.certify(WEB.uri(), token(WEB, "shop/web/0"));

    proxy.watch("shop", "cart", 0);

    Status end = proxy.end();
    assertThat(end.getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(end.getDescription()).contains("shop/cart/0", WEB.uri(), CART.uri());
  }

  @Test
  void refusesToWatchWithoutACertificate() throws Exception {
    ProxyClient proxy = client();

    proxy.watch("shop", "web", 0);

    assertThat(proxy.end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
  }

  @Test
  void letsAProxyWaitUntilItsWorkloadIsKnown() throws Exception {
    SpiffeId late = new SpiffeId("cluster.local", "shop", "late");
    ProxyClient proxy = client();
    proxy.certify(late.uri(), token(late, "shop/late/0"));
    proxy.watch("shop", "late", 0);
    assertThat(proxy.silent(150)).isTrue();

    runs(instance("web", true), instance("late", false));

    assertThat(proxy.next("workload").hasWorkload()).isTrue();
  }

  @Test
  void showsWhatAProxyRefused() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.acknowledge(proxy.next("workload"));
    proxy.subscribe("shop", "cart", 8080);
    proxy.refuse(proxy.next(DESTINATION), "weight: -1");

    String shown = stateWhen("weight: -1");

    assertThat(shown).contains("Proxy shop/web/0", DESTINATION);
  }

  @Test
  void endsADetourWhenItsTimeIsOver() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.subscribe("shop", "cart", 8080);
    proxy.next(DESTINATION);

    write(
        "detour.yaml",
        """
        kind: Detour
        metadata: {name: cart, namespace: shop}
        spec: {targetRefs: [{kind: Service, name: cart}], endpoints: [0], via: "127.0.0.1:8666", expiresAfter: 300ms}
        """);

    assertThat(dial(proxy.next(DESTINATION))).isEqualTo("127.0.0.1:8666");
    assertThat(dial(proxy.next(DESTINATION))).isEqualTo("127.1.3.1:8080");
    assertThat(stateWhen("\"state\" : \"expired\"")).contains("127.0.0.1:8666");
  }

  @Test
  void endsAFaultWhenItsTimeIsOverAndKeepsTheObject() throws Exception {
    ProxyClient proxy = connected(WEB, "web");
    proxy.subscribe("shop", "cart", 8080);
    proxy.next(DESTINATION);

    write(
        "fault.yaml",
        """
        kind: FaultPolicy
        metadata: {name: cart, namespace: shop}
        spec:
          targetRefs: [{kind: Service, name: cart}]
          expiresAfter: 300ms
          maxActive: 10
          faults: [{percent: 50, abort: {httpStatus: 503}}]
        """);

    var faults = proxy.next(DESTINATION).getDestination().getRules(0).getFaults();
    assertThat(faults.getPolicy()).isEqualTo("shop/cart");
    assertThat(faults.getEndsEpochMillis() - System.currentTimeMillis()).isLessThanOrEqualTo(300);
    assertThat(proxy.next(DESTINATION).getDestination().getRules(0).hasFaults()).isFalse();
    assertThat(stateWhen("Expired: its 300ms are over")).contains("FaultPolicy shop/cart");

    control.close();
    control = open(startControl());
    assertThat(stateWhen("Expired: its 300ms are over"))
        .as("a restart does not begin it anew")
        .contains("\"state\" : \"expired\"");
  }

  @Test
  void keepsCaAndGrowsVersionsOverARestart() throws Exception {
    ProxyClient before = connected(WEB, "web");
    before.subscribe("shop", "cart", 8080);
    long version = before.next(DESTINATION).getVersion();
    byte[] roots = Files.readAllBytes(state.resolve("roots.pem"));

    control.close();
    assertThat(before.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    control = open(startControl());

    assertThat(Files.readAllBytes(state.resolve("roots.pem"))).isEqualTo(roots);
    ProxyClient after = connected(WEB, "web");
    after.subscribe("shop", "cart", 8080);
    assertThat(after.next(DESTINATION).getVersion()).isGreaterThan(version);
  }

  @Test
  void saysWhenItsPortIsTakenOrItsStateInUse() throws Exception {
    ControlConfig samePort =
        new ControlConfig(
            control.address(), ANY, new ControlConfig.Source.Folder(folder), base.resolve("other"));
    assertThatThrownBy(() -> Control.start(samePort, InstantSource.system(), new SecureRandom()))
        .isInstanceOf(Control.NotStarted.class)
        .hasMessageContaining("REFMESH_CONTROL_ADDRESS: cannot listen on " + control.address());

    ControlConfig sameState =
        new ControlConfig(ANY, ANY, new ControlConfig.Source.Folder(folder), state);
    assertThatThrownBy(() -> Control.start(sameState, InstantSource.system(), new SecureRandom()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another control plane");
  }

  @Test
  void answersOnItsAdminPort() throws Exception {
    assertThat(get("/live").statusCode()).isEqualTo(200);
    assertThat(get("/ready").statusCode()).isEqualTo(200);
    assertThat(get("/metrics").body()).contains("control_proxies 0.0", "control_builds_total");
    assertThat(get("/state").body())
        .contains("\"trustDomain\" : \"cluster.local\"", "\"endpoints\" : [ \"127.1.3.1:8080\" ]");
    assertThat(get("/else").statusCode()).isEqualTo(404);
  }

  @Test
  void namesTheSettingThatIsWrong() {
    assertThatThrownBy(() -> ControlConfig.from(Map.of()))
        .hasMessageContaining("REFMESH_FOLDER: is not set");
    assertThatThrownBy(() ->
            ControlConfig.from(
                Map.of(
                    "REFMESH_FOLDER", folder.toString(), "REFMESH_CONTROL_ADDRESS", "localhost")))
        .hasMessageContaining(
            "REFMESH_CONTROL_ADDRESS: localhost (expected: an IP address and a port");
  }

  @Test
  void namesWhatIsWrongWithTheSettingsOfACluster() throws Exception {
    Path kubeconfig = Files.writeString(base.resolve("kubeconfig"), "");
    Map<String, String> right =
        Map.of(
            "REFMESH_REGISTRY", "kubernetes",
            "KUBECONFIG", kubeconfig.toString(),
            "REFMESH_STATE", state.toString(),
            "REFMESH_POD", "refmesh-control-1",
            "REFMESH_WEBHOOK_ADDRESS", "0.0.0.0:8443",
            "REFMESH_PROXY_IMAGE", "localhost:5000/refmesh/proxy:0.1.0");

    assertThat(ControlConfig.from(right).source())
        .isInstanceOfSatisfying(
            ControlConfig.Source.Cluster.class,
            cluster -> {
              assertThat(cluster.replica()).isEqualTo("refmesh-control-1");
              ControlConfig.Webhooks webhooks = requireNonNull(cluster.webhooks());
              assertThat(webhooks.proxyVersion()).isEqualTo("0.1.0");
              assertThat(webhooks.pullPolicy()).isEqualTo("IfNotPresent");
            });
    Map<String, String> wrong = new HashMap<>(right);
    wrong.put("REFMESH_PROXY_IMAGE", "refmesh/proxy");
    assertThatThrownBy(() -> ControlConfig.from(wrong))
        .hasMessageContaining(
            "REFMESH_PROXY_IMAGE: refmesh/proxy (expected: the image of the sidecar with its tag)");
    wrong.putAll(right);
    wrong.put("REFMESH_PROXY_PULL_POLICY", "Sometimes");
    assertThatThrownBy(() -> ControlConfig.from(wrong))
        .hasMessageContaining("REFMESH_PROXY_PULL_POLICY: Sometimes (expected: Always");
    wrong.remove("REFMESH_WEBHOOK_ADDRESS");
    assertThat(ControlConfig.from(wrong).source())
        .isInstanceOfSatisfying(
            ControlConfig.Source.Cluster.class, cluster -> assertThat(cluster.webhooks()).isNull());
  }

  private static String dial(WatchResponse response) {
    var dial = response.getDestination().getBackends(0).getEndpoints(0).getDial();
    return dial.getHost() + ":" + dial.getPort();
  }

  private Control startControl() throws Exception {
    return Control.start(
        new ControlConfig(ANY, ANY, new ControlConfig.Source.Folder(folder), state),
        InstantSource.system(),
        new SecureRandom());
  }

  private ProxyClient client() throws Exception {
    try (InputStream pem = Files.newInputStream(state.resolve("roots.pem"))) {
      return open(
          new ProxyClient(
              control.address(),
              (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(pem)));
    }
  }

  private ProxyClient connected(SpiffeId identity, String workload) throws Exception {
    ProxyClient proxy = client();
    proxy.certify(identity.uri(), token(identity, "shop/" + workload + "/0"));
    proxy.watch("shop", workload, 0);
    return proxy;
  }

  private String token(SpiffeId identity, String workload) throws IOException {
    return TokenIssuer.open(state, InstantSource.system())
        .issue(identity, workload, Duration.ofMinutes(5));
  }

  private HttpResponse<String> get(String path) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://" + control.admin() + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  private String stateWhen(String contained) throws Exception {
    Instant until = Instant.now().plusSeconds(5);
    String shown;
    do {
      shown = get("/state").body();
    } while (!shown.contains(contained) && Instant.now().isBefore(until));
    assertThat(shown).contains(contained);
    return shown;
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private void runs(Instance... instances) throws IOException {
    Instances.write(state.resolve(Instances.FILE), new Instances(List.of(instances)));
  }

  private static Instance instance(String workload, boolean ready) {
    return new Instance(
        "shop",
        workload,
        0,
        Map.of("app", workload),
        workload,
        "a",
        workload.equals("cart") ? "127.1.3.1" : "127.1.2.1",
        "127.1.3.2",
        ready,
        false,
        List.of(new Instances.Port("http", 8080, "http")),
        Map.of(),
        List.of(new Instances.Outbound("shop/cart", "127.1.9.9")),
        false);
  }

  private <T extends AutoCloseable> T open(T part) {
    opened.add(part);
    return part;
  }
}
