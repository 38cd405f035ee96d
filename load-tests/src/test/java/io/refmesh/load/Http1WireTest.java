package io.refmesh.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.load.LoadPlan.Protocol;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of requests over HTTP/1.1, against real sockets. */
class Http1WireTest {

  @Test
  void takesTheMeshsHeadersFromTheAnswer() throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        WireClient client = new WireClient(Streams.to(server.port()))) {
      RequestRecord record = client.send("/");

      assertThat(record.outcome()).isEqualTo(Outcome.OK);
      assertThat(record.status()).isEqualTo(200);
      assertThat(record.instance()).isEqualTo("catalog-1");
      assertThat(record.version()).isEqualTo("v2");
      assertThat(record.caller()).isEqualTo("web");
      assertThat(record.attempt()).isEqualTo("2");
      assertThat(record.bodyBytes()).isEqualTo(5);
      assertThat(record.endMicros()).isGreaterThanOrEqualTo(record.startMicros());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/, OK, 200, 5",
    "/chunked, OK, 200, 5",
    "/continue, OK, 204, 0",
    "/close, OK, 200, 5",
    "/503, HTTP, 503, 4",
    "/short, TRUNCATED, 200, 5",
    "/short-chunked, TRUNCATED, 200, 5",
    "/reset-mid-body, TRUNCATED, 200, 5",
    "/until-close, TRUNCATED, 200, 5",
    "/reset, RESET, 0, 0",
    "/silent-close, RESET, 0, 0",
    "/garbage, ERROR, 0, 0",
  })
  void tellsOutcomesApart(String path, Outcome outcome, int status, long bodyBytes)
      throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        WireClient client = new WireClient(Streams.to(server.port()))) {
      RequestRecord record = client.send(path);

      assertThat(record.outcome()).as(record.error()).isEqualTo(outcome);
      assertThat(record.bodyBytes()).isEqualTo(bodyBytes);
      if (outcome != Outcome.ERROR) {
        assertThat(record.status()).isEqualTo(status);
      }
      assertThat(record.error().isEmpty())
          .isEqualTo(outcome == Outcome.OK || outcome == Outcome.HTTP);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/, 5, OK",
    "/, 6, TRUNCATED",
    "/, 4, ERROR",
    "/until-close, 5, OK",
    "/until-close, 6, TRUNCATED",
    "/503, 9, HTTP"
  })
  void holdsASuccessfulBodyAgainstItsExpectedSize(String path, long expected, Outcome outcome)
      throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        WireClient client = new WireClient(Streams.to(server.port()).expect(expected))) {
      assertThat(client.send(path).outcome()).isEqualTo(outcome);
    }
  }

  @Test
  void keepsTheConnectionForTheNextRequest() throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        WireClient client = new WireClient(Streams.to(server.port()))) {
      for (int i = 0; i < 5; i++) {
        client.send("/");
      }

      assertThat(server.accepted()).isEqualTo(1);
    }
  }

  @Test
  void opensAConnectionForEachRequestWhenAskedTo() throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        WireClient client = new WireClient(Streams.to(server.port()).newConnections())) {
      for (int i = 0; i < 3; i++) {
        client.send("/");
      }

      assertThat(server.accepted()).isEqualTo(3);
      assertThat(server.requests()).allMatch(head -> head.contains("connection: close"));
    }
  }

  @Test
  void neverSendsARequestTwiceWhenAKeptConnectionDies() throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        WireClient client = new WireClient(Streams.to(server.port()))) {
      client.send("/");
      RequestRecord record = client.send("/silent-close");

      assertThat(record.outcome()).isEqualTo(Outcome.RESET);
      assertThat(server.requests()).hasSize(2);
    }
  }

  @Test
  void givesUpTheConnectionOfAnAbandonedRequest() throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        WireClient client = new WireClient(Streams.to(server.port()))) {
      client.send("/");
      CompletableFuture<RequestRecord> hanging = client.start("/hang");
      client.abandonLast();

      assertThat(hanging.get(5, TimeUnit.SECONDS).outcome()).isEqualTo(Outcome.TIMEOUT);
      assertThat(client.send("/").outcome()).isEqualTo(Outcome.OK);
      assertThat(server.accepted()).isEqualTo(2);
    }
  }

  @Test
  void sendsIdHeadersAndBody() throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        WireClient client = new WireClient(Streams.to(server.port()).post(3000))) {
      client.send("/");
      client.send("/");

      assertThat(server.requests())
          .hasSize(2)
          .allSatisfy(head ->
              assertThat(head)
                  .startsWith("post / http/1.1")
                  .contains(
                      "x-request-id: t-0",
                      "x-shop-test: yes",
                      "content-length: 3000",
                      "host: 127.0.0.1:"));
    }
  }

  @Test
  void callsARefusedConnectionConnect() throws Exception {
    int freePort;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      freePort = socket.getLocalPort();
    }
    try (WireClient client = new WireClient(Streams.to(freePort))) {
      RequestRecord record = client.send("/");

      assertThat(record.outcome()).isEqualTo(Outcome.CONNECT);
      assertThat(record.error()).contains("refused");
    }
  }

  @Test
  void callsAnUnknownNameConnect() throws Exception {
    try (WireClient client = new WireClient(Streams.to(1).host("no-such-host.invalid"))) {
      RequestRecord record = client.send("/");

      assertThat(record.outcome()).isEqualTo(Outcome.CONNECT);
      assertThat(record.error()).contains("no-such-host.invalid");
    }
  }

  @Test
  void speaksTlsOnlyToWhomItCanVerify(@TempDir Path folder) throws Exception {
    Path trusted = folder.resolve("trusted.pem");
    Path foreign = folder.resolve("foreign.pem");
    SSLContext tls = selfSigned(folder.resolve("server.p12"), trusted);
    selfSigned(folder.resolve("other.p12"), foreign);
    try (ScriptedServer server =
        new ScriptedServer(
            tls.getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress()))) {
      Streams https = Streams.to(server.port()).protocol(Protocol.HTTPS);

      assertThat(outcomeOf(https.host("localhost").trusting(trusted))).isEqualTo("OK");
      assertThat(outcomeOf(https.host("127.0.0.1").trusting(trusted))).startsWith("CONNECT TLS: ");
      assertThat(outcomeOf(https.host("localhost").trusting(foreign))).startsWith("CONNECT TLS: ");
      assertThat(outcomeOf(https.host("localhost"))).startsWith("CONNECT TLS: ");
    }
  }

  private static String outcomeOf(Streams streams) throws Exception {
    try (WireClient client = new WireClient(streams)) {
      RequestRecord record = client.send("/");
      return (record.outcome() + " " + record.error()).strip();
    }
  }

  /** A key and a certificate for "localhost", made by the JDK's keytool. */
  private static SSLContext selfSigned(Path store, Path certificate) throws Exception {
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-dname",
                "CN=test",
                "-ext",
                "SAN=dns:localhost",
                "-ext",
                "BC=ca:true",
                "-storetype",
                "PKCS12",
                "-storepass",
                "changeit",
                "-keystore",
                store.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(keytool.waitFor()).as(output).isZero();
    KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
    String base64 =
        Base64.getMimeEncoder().encodeToString(keys.getCertificate("server").getEncoded());
    Files.writeString(
        certificate, "-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n");
    KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("PKIX");
    keyManagers.init(keys, "changeit".toCharArray());
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(keyManagers.getKeyManagers(), null, null);
    return tls;
  }
}
