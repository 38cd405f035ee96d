package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** curl, nghttp, h2load, nghttpd and nginx through a pair of sidecars, byte for byte. */
@Tag("interop")
class RealHttpProgramsTest {

  private static final String CURL = "apt-get install curl";
  private static final String NGHTTP2 = "apt-get install nghttp2-client nghttp2-server";
  private static final long GIB = 1L << 30;

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final TestMesh.Sidecar caller = mesh.caller("web");
  private TestMesh.Sidecar called = caller;
  @TempDir private Path folder;

  @AfterEach
  void close() {
    mesh.close();
    application.close();
  }

  @Test
  void curlGetsOverHttp1() {
    String url = url(AppProtocol.HTTP);
    Program.Result result = curl("--http1.1", "-sS", "-i", url + "/items?q=1");
    assertThat(result.output()).startsWith("HTTP/1.1 200").contains("x-path: /items?q=1");
  }

  @Test
  void curlGetsOverHttp2WithPriorKnowledge() {
    try (Served server = nghttpd()) {
      String url = url(server.at, AppProtocol.H2C);
      Program.Result result =
          curl(
              "--http2-prior-knowledge",
              "-sS",
              "-o",
              "/dev/null",
              "-w",
              "%{http_version} %{http_code} %{size_download}",
              url + "/file");
      assertThat(result.output()).isEqualTo("2 200 1048576");
    }
  }

  @Test
  void curlThatOffersAnUpgradeToH2cIsAnsweredOverHttp1() {
    String url = url(AppProtocol.HTTP);
    Program.Result result =
        curl("--http2", "-sS", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", url + "/");
    assertThat(result.output()).isEqualTo("1.1 200");
  }

  @Test
  void curlWaitsForContinueAndSendsItsBody() {
    String url = url(AppProtocol.HTTP);
    byte[] body = new byte[100_000];
    new Random(5).nextBytes(body);
    Path sent = write("sent", body);
    Path received = folder.resolve("received");
    Program.Result result =
        curl(
            "-sS",
            "-v",
            "-H",
            "Expect: 100-continue",
            "--expect100-timeout",
            "20",
            "--data-binary",
            "@" + sent,
            "-o",
            received.toString(),
            url + "/echo");
    assertThat(result.output()).contains("HTTP/1.1 100 Continue").contains("HTTP/1.1 200 OK");
    assertThat(received).hasBinaryContent(body);
  }

  @Test
  void curlUploadsOneGibibyteUnharmed() {
    AtomicReference<String> digest = new AtomicReference<>("");
    application.behave(exchange -> {
      digest.set(digest(exchange.getRequestBody()));
      empty(exchange);
    });
    String url = url(AppProtocol.HTTP);
    MessageDigest sent = sha256();
    Program.Result result =
        Program.run(
            List.of(
                Program.path("curl", CURL), "-sS", "-T", "-", "-w", "%{http_code}", url + "/up"),
            stream -> pour(new DigestOutputStream(stream, sent), GIB));
    assertThat(result.output()).isEqualTo("200");
    assertThat(digest).hasValue(HexFormat.of().formatHex(sent.digest()));
  }

  @Test
  void curlDownloadsOneGibibyteUnharmed() {
    MessageDigest sent = sha256();
    application.behave(exchange -> {
      exchange.sendResponseHeaders(200, GIB);
      try (OutputStream body = exchange.getResponseBody()) {
        pour(new DigestOutputStream(body, sent), GIB);
      }
    });
    String url = url(AppProtocol.HTTP);
    AtomicReference<String> digest = new AtomicReference<>("");
    int exit =
        Program.read(
            List.of(Program.path("curl", CURL), "-sS", url + "/down"),
            stream -> digest.set(digest(stream)));
    assertThat(exit).isZero();
    assertThat(digest).hasValue(HexFormat.of().formatHex(sent.digest()));
  }

  @Test
  void curlSeesThatABodyWasCut() {
    application.behave(exchange -> {
      exchange.sendResponseHeaders(200, 1000);
      exchange.getResponseBody().write(new byte[10]);
      exchange.getResponseBody().flush();
      throw new IOException("cut on purpose");
    });
    Program.Result result = curl("-sS", "-o", "/dev/null", url(AppProtocol.HTTP) + "/cut");
    assertThat(result.exit()).isIn(18, 56, 92);
  }

  @Test
  void nghttpGetsFromNghttpdAndSeesItsTrailers() {
    try (Served server = nghttpd("--trailer=x-sum: 42")) {
      String url = url(server.at, AppProtocol.H2C);
      Program.Result result =
          Program.run(List.of(Program.path("nghttp", NGHTTP2), "-nv", "--no-dep", url + "/file"));
      assertThat(result.exit()).isZero();
      assertThat(result.output()).contains(":status: 200").contains("x-sum: 42");
    }
  }

  @Test
  void h2loadGetsAnAnswerToEachOfTenThousandRequests() {
    try (Served server = nghttpd()) {
      String url = url(server.at, AppProtocol.H2C);
      Program.Result result =
          Program.run(
              List.of(
                  Program.path("h2load", NGHTTP2),
                  "-n",
                  "10000",
                  "-c",
                  "10",
                  "-m",
                  "10",
                  url + "/small"));
      assertThat(result.output())
          .contains(
              "10000 total, 10000 started, 10000 done, 10000 succeeded, 0 failed, 0 errored, 0"
                  + " timeout")
          .contains("status codes: 10000 2xx");
      assertThat(caller.count("request_total", "outbound")).isEqualTo(10_000);
      assertThat(called.count("request_total", "inbound")).isEqualTo(10_000);
    }
  }

  @Test
  void nginxServesRangesAndConditionalRequests() {
    byte[] file = new byte[200_000];
    new Random(6).nextBytes(file);
    write("page.bin", file);
    try (Served server = nginx("")) {
      String url = url(server.at, AppProtocol.DETECT);
      Path part = folder.resolve("part");
      Program.Result range =
          curl("-sS", "-r", "1000-1999", "-D", "-", "-o", part.toString(), url + "/page.bin");
      assertThat(range.output())
          .startsWith("HTTP/1.1 206")
          .contains("content-range: bytes 1000-1999/200000");
      assertThat(part).hasBinaryContent(Arrays.copyOfRange(file, 1000, 2000));
      Program.Result fresh =
          curl(
              "-sS",
              "-H",
              "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",
              "-o",
              "/dev/null",
              "-w",
              "%{http_code}",
              url + "/page.bin");
      assertThat(fresh.output()).isEqualTo("304");
      Program.Result head = curl("-sS", "-I", url + "/page.bin");
      assertThat(head.output()).startsWith("HTTP/1.1 200").contains("content-length: 200000");
    }
  }

  @Test
  @Acceptance(21)
  void curlSeesTheCertificateOfTheServerItself() {
    String openssl = Program.path("openssl", "apt-get install openssl");
    Path certificate = folder.resolve("cert.pem");
    Program.Result made =
        Program.run(
            List.of(
                openssl,
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=shop.example",
                "-addext",
                "subjectAltName=DNS:shop.example",
                "-keyout",
                folder.resolve("key.pem").toString(),
                "-out",
                certificate.toString()));
    assertThat(made.exit()).as(made.output()).isZero();
    write("page", "over TLS of its own".getBytes(StandardCharsets.UTF_8));
    try (Served server =
        nginx("ssl; ssl_certificate %1$s/cert.pem; ssl_certificate_key %1$s/key.pem")) {
      HostPort listener =
          HostPort.parse(url(server.at, AppProtocol.DETECT).substring("http://".length()));
      String name = "shop.example:" + listener.port();
      Program.Result result =
          curl(
              "-sS",
              "--cacert",
              certificate.toString(),
              "--connect-to",
              name + ":" + listener,
              "https://" + name + "/page");
      assertThat(result.output()).isEqualTo("over TLS of its own");
      assertThat(caller.count("request_total")).isZero();
      assertThat(caller.count("tcp_open_total", "peer=\"dst\"", "tls=\"true\"")).isEqualTo(1);
      Program.Result control =
          curl("-sS", "--connect-to", name + ":" + listener, "https://" + name + "/page");
      assertThat(control.exit()).as("without its certificate as root").isEqualTo(60);
    }
  }

  private String url(AppProtocol protocol) {
    return url(application.address(), protocol);
  }

  private String url(HostPort server, AppProtocol protocol) {
    caller.start();
    called = mesh.of("files", server, protocol).start();
    return "http://"
        + caller.calls(
            TestMesh.destination(
                called.service(), protocol, Timeouts.NONE, null, List.of(called.endpoint())));
  }

  private Served nghttpd(String... more) {
    byte[] file = new byte[1 << 20];
    new Random(7).nextBytes(file);
    write("file", file);
    write("small", new byte[512]);
    HostPort at = new HostPort(TestMesh.address(), 8080);
    List<String> command =
        new ArrayList<>(
            List.of(
                Program.path("nghttpd", NGHTTP2),
                "--no-tls",
                "-a",
                at.host(),
                "-d",
                folder.toString()));
    command.addAll(List.of(more));
    command.add(Integer.toString(at.port()));
    return serve(at, command);
  }

  /** Serves the folder; {@code listen} is what follows the address in its configuration. */
  private Served nginx(String listen) {
    HostPort at = new HostPort(TestMesh.address(), 8080);
    Path config =
        write(
            "nginx.conf",
            """
            daemon off; pid %1$s/nginx.pid; error_log %1$s/error.log; worker_processes 1;
            events { worker_connections 128; }
            http { access_log off; client_body_temp_path %1$s/b; proxy_temp_path %1$s/p; fastcgi_temp_path %1$s/f; uwsgi_temp_path %1$s/u; scgi_temp_path %1$s/s;
              if_modified_since before; server { root %1$s; listen %2$s %3$s; } }
            """
                .formatted(folder, at, listen.formatted(folder))
                .getBytes(StandardCharsets.UTF_8));
    // Its worker is another user when this one is root.
    assertThat(folder.toFile().setExecutable(true, false)).isTrue();
    assertThat(folder.toFile().setReadable(true, false)).isTrue();
    return serve(
        at,
        List.of(
            Program.path("nginx", "apt-get install nginx"),
            "-e",
            folder.resolve("start.log").toString(),
            "-c",
            config.toString()));
  }

  private Served serve(HostPort at, List<String> command) {
    Served served = new Served(at, Program.start(folder.resolve("server.log"), command));
    Eventually.holds(() -> Sockets.accepts(at));
    return served;
  }

  /** A server process and where it listens. */
  private static final class Served implements AutoCloseable {
    final HostPort at;
    private final Process process;

    Served(HostPort at, Process process) {
      this.at = at;
      this.process = process;
    }

    @Override
    public void close() {
      Program.stop(process);
    }
  }

  private static Program.Result curl(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of(Program.path("curl", CURL), "--noproxy", "*", "--max-time", "60"));
    command.addAll(List.of(arguments));
    return Program.run(command);
  }

  private Path write(String name, byte[] content) {
    try {
      return Files.write(folder.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void empty(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, -1);
    exchange.close();
  }

  private static void pour(OutputStream to, long bytes) throws IOException {
    byte[] chunk = new byte[1 << 16];
    ThreadLocalRandom.current().nextBytes(chunk);
    for (long left = bytes; left > 0; left -= chunk.length) {
      chunk[(int) (left >>> 16) & 0xffff]++;
      to.write(chunk, 0, (int) Math.min(left, chunk.length));
    }
    to.flush();
  }

  private static String digest(InputStream stream) throws IOException {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[1 << 16];
    for (int read = stream.read(buffer); read >= 0; read = stream.read(buffer)) {
      digest.update(buffer, 0, read);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
