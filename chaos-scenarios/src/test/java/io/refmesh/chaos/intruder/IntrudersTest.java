package io.refmesh.chaos.intruder;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.intruder.Intruder.Ending;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IntrudersTest {

  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  @TempDir private Path folder;
  private Forgery forgery;

  @BeforeEach
  void makeCa() {
    forgery =
        Forgery.ofFolder(
            folder.resolve("control"),
            folder.resolve("other"),
            "cluster.local",
            InstantSource.system());
  }

  @Test
  void aCertificateIsGenuineExpiredOrForeign() throws Exception {
    Credential genuine = forgery.genuine("cart");
    Credential expired = forgery.expired("cart");
    Credential foreign = forgery.foreign("cart");
    assertThat(genuine.chain().getFirst().getSubjectAlternativeNames().toString())
        .contains("spiffe://cluster.local/ns/shop/sa/cart");
    assertThat(expired.chain().get(1)).isEqualTo(genuine.chain().get(1));
    assertThat(expired.chain().getFirst().getNotAfter().toInstant())
        .isBefore(Instant.now().minusSeconds(60));
    assertThat(foreign.chain().get(1)).isNotEqualTo(genuine.chain().get(1));
  }

  @Test
  void aServerWithACertificateOfItsOwnCountsWhatItIsTold() throws Exception {
    try (RogueServer rogue = RogueServer.open(LOOPBACK, forgery.genuine("cart"))) {
      new TlsIntruder(rogue.address(), forgery.genuine("web")).attempt();
      await(() -> rogue.bytes() > 0);
      assertThat(rogue.connections()).isEqualTo(1);
    }
  }

  @Test
  void whoMeetsAClosedDoorIsRefusedAndWhoIsAnsweredIsIn() throws Exception {
    assertThat(plaintextAgainst("HTTP/1.1 200 OK\r\n\r\n")).isEqualTo(Ending.ADMITTED);
    assertThat(plaintextAgainst("HTTP/1.1 403 Forbidden\r\n\r\n")).isEqualTo(Ending.REFUSED);
    assertThat(plaintextAgainst("")).isEqualTo(Ending.REFUSED);
    try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      InetSocketAddress address = (InetSocketAddress) gone.getLocalSocketAddress();
      gone.close();
      assertThat(new PlaintextIntruder(address).attempt()).isEqualTo(Ending.UNCLEAR);
    }
  }

  @Test
  void aRelaySeesWhatIsInClearAndPassesItOn() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        CapturingRelay relay =
            CapturingRelay.open(
                LOOPBACK,
                (InetSocketAddress) server.getLocalSocketAddress(),
                folder.resolve("capture"));
        Socket caller = new Socket(relay.address().getAddress(), relay.address().getPort());
        Socket accepted = server.accept()) {
      caller.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(accepted.getInputStream().readNBytes(18)).hasSize(18);
      assertThat(relay.connections()).isEqualTo(1);
      assertThat(relay.bytes()).isEqualTo(18);
      assertThat(relay.clear()).isEqualTo(2);
      assertThat(relay.notTls()).isEqualTo(1);
      accepted.close();
      assertThat(caller.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void clearTextIsFoundAcrossChunksAndCountedOnce() {
    byte[] text = "xxGET /items HTTP/1.1\r\nx-request-id: 1".getBytes(StandardCharsets.US_ASCII);
    for (int cut = 0; cut <= text.length; cut++) {
      ClearText search = new ClearText();
      byte[] rest = java.util.Arrays.copyOfRange(text, cut, text.length);
      assertThat(search.found(text, cut) + search.found(rest, rest.length))
          .as("cut at " + cut)
          .isEqualTo(3);
    }
  }

  private static Ending plaintextAgainst(String answer) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      CompletableFuture<Void> served = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(() -> {
            try (Socket socket = server.accept()) {
              InputStream in = socket.getInputStream();
              in.readNBytes(4);
              socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
              socket.shutdownOutput();
              in.transferTo(java.io.OutputStream.nullOutputStream());
              served.complete(null);
            } catch (java.io.IOException e) {
              served.completeExceptionally(e);
            }
          });
      return new PlaintextIntruder((InetSocketAddress) server.getLocalSocketAddress()).attempt();
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 500 && !condition.getAsBoolean(); i++) {
      Thread.sleep(10);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }
}
