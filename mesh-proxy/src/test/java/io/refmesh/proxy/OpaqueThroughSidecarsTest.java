package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** TCP that is not HTTP: application, sidecar, mutual TLS, sidecar, application. */
class OpaqueThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final ServerSocket server = listen();
  private final HostPort address =
      new HostPort(server.getInetAddress().getHostAddress(), server.getLocalPort());
  private final TestMesh.Sidecar web = mesh.caller("web").start();

  private static ServerSocket listen() {
    try {
      ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName(TestMesh.address()));
      server.setSoTimeout(5000);
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterEach
  void close() throws IOException {
    mesh.close();
    server.close();
  }

  @Test
  @Acceptance(16)
  void letsAServerSpeakFirstOnAnOpaquePort() throws Exception {
    TestMesh.Sidecar mail = mesh.of("mail", address, AppProtocol.OPAQUE).start();
    HostPort listener = web.calls(to(mail, AppProtocol.OPAQUE));
    try (Socket caller = dial(listener);
        Socket callee = server.accept()) {
      callee.getOutputStream().write("220 hello".getBytes());
      assertThat(caller.getInputStream().readNBytes(9)).asString().isEqualTo("220 hello");
      caller.getOutputStream().write("QUIT".getBytes());
      caller.shutdownOutput();
      assertThat(callee.getInputStream().readAllBytes()).asString().isEqualTo("QUIT");
      callee.getOutputStream().write("221 bye".getBytes());
      callee.close();
      assertThat(caller.getInputStream().readAllBytes()).asString().isEqualTo("221 bye");
    }
    assertThat(mail.count("tls_handshakes_total", "inbound", "success")).isEqualTo(1);
    Eventually.holds(() ->
        mail.count("tcp_close_total", "inbound", "peer=\"src\"", "tls=\"true\"", "errno=\"\"")
            == 1);
    assertThat(mail.count("tcp_open_total", "inbound", "peer=\"dst\"")).isEqualTo(1);
    assertThat(
            web.count(
                "tcp_open_total",
                "outbound",
                "peer=\"dst\"",
                "tls=\"true\"",
                "dst_service=\"mail\""))
        .isEqualTo(1);
  }

  @Test
  void carriesBytesOfAnUnknownProtocolOnAPortThatIsDetected() throws Exception {
    TestMesh.Sidecar cache = mesh.of("cache", address, AppProtocol.DETECT).start();
    HostPort listener = web.calls(to(cache, AppProtocol.DETECT));
    byte[] bytes = new byte[5_000_000];
    new Random(3).nextBytes(bytes);
    bytes[0] = 0;
    try (Socket caller = dial(listener)) {
      CompletableFuture<Void> sent =
          CompletableFuture.runAsync(() -> {
            try {
              caller.getOutputStream().write(bytes);
              caller.shutdownOutput();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      try (Socket callee = server.accept()) {
        assertThat(Arrays.equals(callee.getInputStream().readAllBytes(), bytes)).isTrue();
      }
      sent.get(5, TimeUnit.SECONDS);
    }
  }

  @Test
  @Acceptance(15)
  void treatsASilentConnectionAsOpaqueAndSaysSo() throws Exception {
    TestMesh.Sidecar old = mesh.of("old", address, AppProtocol.DETECT).start();
    HostPort listener = web.calls(to(old, AppProtocol.DETECT));
    try (Socket caller = dial(listener);
        Socket callee = server.accept()) {
      callee.getOutputStream().write('!');
      assertThat(caller.getInputStream().read()).isEqualTo('!');
    }
    assertThat(
            web.count(
                "detect_timeout_total",
                "outbound",
                "target_addr=\"old.shop:" + address.port() + "\""))
        .isEqualTo(1);
  }

  @Test
  @Acceptance(20)
  void opensNothingForACallerThatSaysNothingAndEnds() throws Exception {
    TestMesh.Sidecar old = mesh.of("old", address, AppProtocol.DETECT).start();
    HostPort listener = web.calls(to(old, AppProtocol.DETECT));
    try (Socket caller = dial(listener)) {
      caller.shutdownOutput();
      assertThat(caller.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(old.count("tcp_open_total", "inbound")).isZero();
    assertThat(web.count("tcp_open_total", "peer=\"dst\"")).isZero();
  }

  @Test
  void aCutConnectionIsNeverAnEnd() throws Exception {
    TestMesh.Sidecar mail = mesh.of("mail", address, AppProtocol.OPAQUE).start();
    HostPort listener = web.calls(to(mail, AppProtocol.OPAQUE));
    try (Socket caller = dial(listener)) {
      Socket callee = server.accept();
      callee.getOutputStream().write('!');
      assertThat(caller.getInputStream().read()).isEqualTo('!');
      callee.setSoLinger(true, 0);
      callee.close();
      assertThatThrownBy(() -> caller.getInputStream().read())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("reset");
    }
  }

  @Test
  void aConnectionThatTheNewPolicyForbidsIsCut() throws Exception {
    TestMesh.Sidecar mail = mesh.of("mail", address, AppProtocol.OPAQUE).start();
    HostPort listener = web.calls(to(mail, AppProtocol.OPAQUE));
    try (Socket caller = dial(listener);
        Socket callee = server.accept()) {
      callee.getOutputStream().write('!');
      assertThat(caller.getInputStream().read()).isEqualTo('!');

      mail.allow(
              InboundPolicy.Default.ALL_UNAUTHENTICATED,
              new Authorization(
                  "shop/no-web",
                  Authorization.Action.DENY,
                  List.of(
                      new Authorization.Rule(
                          List.of(
                              new Authorization.Source(
                                  List.of(TestMesh.identity("web").uri()), List.of())),
                          List.of()))))
          .configure();

      assertThatThrownBy(() -> caller.getInputStream().read()).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> callee.getInputStream().read()).isInstanceOf(IOException.class);
    }
    try (Socket refused = dial(listener)) {
      assertThatThrownBy(() -> refused.getInputStream().read()).isInstanceOf(IOException.class);
    }
    assertThat(mail.count("authorization_total", "decision=\"deny\"", "policy=\"shop/no-web\""))
        .isEqualTo(1);
  }

  @Test
  void anEndpointWithoutSidecarIsCalledAsItIs() throws Exception {
    ServicePort id = new ServicePort("shop", "legacy", 5432);
    HostPort listener =
        web.calls(
            TestMesh.destination(
                id,
                AppProtocol.DETECT,
                Timeouts.NONE,
                null,
                List.of(
                    new EndpointSpec(
                        address, address, Optional.empty(), "", 1, true, "shop/legacy", 0))));
    // 5432 is opaque without being told.
    try (Socket caller = dial(listener);
        Socket callee = server.accept()) {
      callee.getOutputStream().write('!');
      assertThat(caller.getInputStream().read()).isEqualTo('!');
    }
  }

  @Test
  void anotherEndpointIsTriedWhenOneRefuses() throws Exception {
    TestMesh.Sidecar mail = mesh.of("mail", address, AppProtocol.OPAQUE).start();
    HostPort nobody = new HostPort(TestMesh.address(), address.port());
    EndpointSpec gone =
        new EndpointSpec(
            nobody, nobody, Optional.of(TestMesh.identity("mail")), "", 1, true, "shop/mail", 1);
    HostPort listener =
        web.calls(
            TestMesh.destination(
                mail.service(),
                AppProtocol.OPAQUE,
                Timeouts.NONE,
                null,
                List.of(gone, mail.endpoint())));
    for (int i = 0; i < 20; i++) {
      try (Socket caller = dial(listener);
          Socket callee = server.accept()) {
        callee.getOutputStream().write(i);
        assertThat(caller.getInputStream().read()).isEqualTo(i);
      }
    }
    assertThat(web.count("refused_total")).isZero();
  }

  @Test
  void aCallerWithoutSidecarHearsAServerThatSpeaksFirst() throws Exception {
    TestMesh.Sidecar mail = mesh.of("mail", address, AppProtocol.OPAQUE).start();
    try (Socket caller = dial(new HostPort(mail.inbound, address.port()));
        Socket callee = server.accept()) {
      callee.getOutputStream().write('!');
      assertThat(caller.getInputStream().read()).isEqualTo('!');
      caller.getOutputStream().write("and back".getBytes(StandardCharsets.UTF_8));
      assertThat(callee.getInputStream().readNBytes(8)).asString().isEqualTo("and back");
      caller.shutdownOutput();
      assertThat(callee.getInputStream().read()).isNegative();
    }
    // One connection: the one on which the server spoke.
    assertThat(mail.count("tcp_open_total", "inbound", "peer=\"dst\"")).isEqualTo(1);
  }

  @Test
  void aCallerThatIsSilentForAWhileMayStillTurnOutToBeASidecar() throws Exception {
    TestMesh.Sidecar mail = mesh.of("mail", address, AppProtocol.OPAQUE).start();
    try (Socket caller = dial(new HostPort(mail.inbound, address.port()));
        // The application is called for the silent caller, and says nothing either.
        Socket early = server.accept()) {
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(null, null, null);
      SSLEngine engine = context.createSSLEngine();
      engine.setUseClientMode(true);
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"refmesh/tcp"});
      engine.setSSLParameters(parameters);
      ByteBuffer hello = ByteBuffer.allocate(32 * 1024);
      engine.wrap(ByteBuffer.allocate(0), hello);
      caller.getOutputStream().write(hello.array(), 0, hello.position());
      // A record of the handshake, from the sidecar; the application sees nothing of it.
      assertThat(caller.getInputStream().read()).isEqualTo(22);
      assertThat(early.getInputStream().read()).isNegative();
    }
  }

  private static Destination to(TestMesh.Sidecar sidecar, AppProtocol protocol) {
    return TestMesh.destination(
        sidecar.service(), protocol, Timeouts.NONE, null, List.of(sidecar.endpoint()));
  }

  private static Socket dial(HostPort listener) throws IOException {
    Socket socket = new Socket(listener.host(), listener.port());
    socket.setSoTimeout(5000);
    return socket;
  }
}
