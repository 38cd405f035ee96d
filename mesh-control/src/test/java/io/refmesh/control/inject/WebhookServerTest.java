package io.refmesh.control.inject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.discovery.HostPort;
import io.refmesh.testkit.TestCa;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class WebhookServerTest {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final HostPort ADDRESS = new HostPort("127.0.0.1", 0);

  private static final String REVIEW =
      """
      {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u-1",
       "kind": {"group": "GROUP", "version": "VERSION", "kind": "KIND"}, "operation": "CREATE",
       "namespace": "shop", "dryRun": DRY, "object": OBJECT}}
      """;

  private static final String POD =
      """
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "cart-", "ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "cart-1", "uid": "7", "controller": true}]},
       "spec": {"containers": [{"name": "app"}]}}
      """;

  private final TestCa ca = new TestCa("webhook");
  private final Recorded events = new Recorded();
  private WebhookServer server;

  private static final class Recorded implements AdmissionEvents {
    final List<String> told = new CopyOnWriteArrayList<>();

    @Override
    public void injected(Subject subject) {
      told.add("injected " + subject.kind() + " " + subject.name());
    }

    @Override
    public void skipped(Subject subject, Injection.Reason reason, String message) {
      told.add("skipped " + subject.kind() + " " + subject.name() + " " + reason.text());
    }

    @Override
    public void refused(Subject subject, List<String> problems) {
      told.add("refused " + subject.kind() + " " + subject.name());
    }

    @Override
    public void accepted(Subject subject) {
      told.add("accepted " + subject.kind() + " " + subject.name());
    }

    @Override
    public void failed(String path, Throwable cause) {
      told.add("failed " + path + " " + cause.getMessage());
    }
  }

  @BeforeEach
  void start() throws IOException, GeneralSecurityException {
    server =
        WebhookServer.start(
            ADDRESS,
            serving(),
            () -> Pods.SETTINGS,
            name -> {
              if (name.equals("unknown")) {
                throw new IOException("the API server does not answer");
              }
              return new PodNamespace(name, Pods.SHOP.labels(), Map.of());
            },
            events);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void givesAPodItsSidecar() throws Exception {
    JsonNode response = post("/inject", pod(POD, false));

    assertThat(response.path("uid").asString()).isEqualTo("u-1");
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.path("patchType").asString()).isEqualTo("JSONPatch");
    String patch =
        new String(
            Base64.getDecoder().decode(response.path("patch").asString()), StandardCharsets.UTF_8);
    assertThat(patch).contains("/spec/initContainers/1").contains("refmesh-proxy");
    assertThat(events.told).containsExactly("injected ReplicaSet cart-1");
  }

  @Test
  void tellsNobodyOfADryRun() throws Exception {
    assertThat(post("/inject", pod(POD, true)).has("patch")).isTrue();

    assertThat(events.told).isEmpty();
  }

  @Test
  void saysWhyAPodThatWasMeantToHasNoSidecar() throws Exception {
    JsonNode response =
        post(
            "/inject", pod(POD.replace("\"spec\": {", "\"spec\": {\"hostNetwork\": true,"), false));

    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.has("patch")).isFalse();
    assertThat(response.path("warnings").toString()).contains("spec.hostNetwork");
    assertThat(events.told).containsExactly("skipped ReplicaSet cart-1 host-network");
  }

  @Test
  void refusesAPodWhoseSettingsItCannotRead() throws Exception {
    JsonNode response =
        post(
            "/inject",
            pod(
                POD.replace(
                    "\"metadata\": {",
                    "\"metadata\": {\"annotations\": {\"refmesh.io/access-log\": \"yes\"},"),
                false));

    assertThat(response.path("allowed").asBoolean(true)).isFalse();
    assertThat(response.at("/status/message").asString())
        .contains(
            "metadata.annotations[refmesh.io/access-log]: \"yes\" (expected: off, text or json)");
    assertThat(events.told).containsExactly("refused ReplicaSet cart-1");
  }

  @Test
  void refusesAResourceWithFieldValueAndExpectation() throws Exception {
    JsonNode response =
        post(
            "/validate",
            review(
                "refmesh.io",
                "v1alpha1",
                "Detour",
                "{\"apiVersion\": \"refmesh.io/v1alpha1\", \"kind\": \"Detour\", \"metadata\":"
                    + " {\"name\": \"cart\", \"namespace\": \"shop\"}, \"spec\": {\"targetRefs\":"
                    + " [{\"kind\": \"Service\", \"name\": \"cart\"}], \"via\": \"toxiproxy:8666\","
                    + " \"expiresAfter\": \"2m\"}}",
                false));

    assertThat(response.path("allowed").asBoolean(true)).isFalse();
    assertThat(response.at("/status/message").asString())
        .contains("spec.via: \"toxiproxy:8666\" (expected: an IP address and a port");
    assertThat(events.told).containsExactly("refused Detour cart");
  }

  @Test
  void letsThroughWhatItFailsToLookAt() throws Exception {
    JsonNode response =
        post(
            "/inject",
            pod(POD, false).replace("\"namespace\": \"shop\"", "\"namespace\": \"unknown\""));

    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.path("warnings").toString()).contains("let it through");
    assertThat(events.told).containsExactly("failed /inject the API server does not answer");
  }

  @Test
  void refusesWhatIsNoReview() throws Exception {
    assertThat(status("/inject", "POST", "{}")).isEqualTo(400);
    assertThat(status("/inject", "POST", "no json")).isEqualTo(400);
    assertThat(status("/inject", "PUT", "{}")).isEqualTo(405);
    assertThat(status("/other", "POST", "{}")).isEqualTo(404);
  }

  @Test
  void refusesABodyThatIsTooLarge() throws Exception {
    assertThat(status("/inject", "POST", " ".repeat(WebhookServer.BODY_BYTES_MAX + 1)))
        .isEqualTo(413);
  }

  @Test
  void cutsWhoSendsTooSlowly() throws Exception {
    server.close();
    server =
        WebhookServer.start(
            ADDRESS,
            serving(),
            Map.of("/inject", r -> new Admission.Answer.Allowed(List.of())),
            events,
            100);
    try (SSLSocket socket =
        (SSLSocket)
            trusting()
                .getSocketFactory()
                .createSocket(server.address().getAddress(), server.address().getPort())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      out.write(
          "POST /inject HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{"
              .getBytes(StandardCharsets.US_ASCII));
      out.flush();

      assertThat(socket.getInputStream().readAllBytes()).isEmpty();
    }
  }

  @Test
  void answersOthersAtOnceWhenItHasEnoughToDo() throws Exception {
    CountDownLatch busy = new CountDownLatch(16);
    CountDownLatch released = new CountDownLatch(1);
    server.close();
    server =
        WebhookServer.start(
            ADDRESS,
            serving(),
            Map.of(
                "/inject",
                request -> {
                  busy.countDown();
                  released.await();
                  return new Admission.Answer.Allowed(List.of());
                }),
            events,
            10_000);
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<JsonNode>> calls =
          java.util.stream.IntStream.range(0, 16)
              .mapToObj(i -> callers.submit(() -> post("/inject", pod(POD, false))))
              .toList();
      busy.await();

      assertThat(status("/inject", "POST", pod(POD, false))).isEqualTo(503);
      released.countDown();
      for (Future<JsonNode> call : calls) {
        assertThat(call.get().path("allowed").asBoolean()).isTrue();
      }
    }
  }

  @Test
  void speaksTlsOnly() {
    SSLContext stranger = trusting(new TestCa("stranger").root());

    assertThatThrownBy(() -> send(stranger, "/inject", "POST", "{}"))
        .isInstanceOf(SSLHandshakeException.class);
  }

  // -- a client

  private static String pod(String object, boolean dryRun) {
    return review("", "v1", "Pod", object, dryRun);
  }

  private static String review(
      String group, String version, String kind, String object, boolean dryRun) {
    return REVIEW
        .replace("GROUP", group)
        .replace("VERSION", version)
        .replace("\"KIND\"", "\"" + kind + "\"")
        .replace("DRY", Boolean.toString(dryRun))
        .replace("OBJECT", object);
  }

  private JsonNode post(String path, String body) throws IOException {
    HttpsURLConnection connection = send(trusting(), path, "POST", body);
    assertThat(connection.getResponseCode()).isEqualTo(200);
    try (InputStream in = connection.getInputStream()) {
      return JSON.readTree(in).path("response");
    }
  }

  private int status(String path, String method, String body) throws IOException {
    return send(trusting(), path, method, body).getResponseCode();
  }

  private HttpsURLConnection send(SSLContext tls, String path, String method, String body)
      throws IOException {
    HttpsURLConnection connection =
        (HttpsURLConnection)
            URI.create("https://127.0.0.1:" + server.address().getPort() + path)
                .toURL()
                .openConnection();
    connection.setSSLSocketFactory(tls.getSocketFactory());
    // The test's authority issues identities, not names.
    connection.setHostnameVerifier((host, session) -> true);
    connection.setRequestMethod(method);
    connection.setReadTimeout(20_000);
    connection.setDoOutput(true);
    try (OutputStream out = connection.getOutputStream()) {
      out.write(body.getBytes(StandardCharsets.UTF_8));
    }
    return connection;
  }

  private SSLContext serving() throws IOException, GeneralSecurityException {
    TestCa.Leaf leaf = ca.leaf("spiffe://cluster.local/ns/refmesh-system/sa/control-plane");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setKeyEntry("key", leaf.key(), new char[0], leaf.chain().toArray(X509Certificate[]::new));
    KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
    factory.init(keys, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(factory.getKeyManagers(), null, null);
    return context;
  }

  private SSLContext trusting() {
    return trusting(ca.root());
  }

  private static SSLContext trusting(X509Certificate root) {
    try {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("root", root);
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, factory.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
