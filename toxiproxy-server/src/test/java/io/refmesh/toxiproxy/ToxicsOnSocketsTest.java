package io.refmesh.toxiproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.toxiproxy.proxy.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Toxics as both peers of a real connection feel them, on both transports. Time bounds are
 * generous.
 */
@ParameterizedClass
@EnumSource(Transport.class)
class ToxicsOnSocketsTest {
  private final RunningServer toxiproxy;
  private final Upstream upstream = Upstream.manual();

  ToxicsOnSocketsTest(Transport transport) {
    toxiproxy =
        new RunningServer(1, transport == Transport.EPOLL ? Transport.best() : Transport.NIO);
  }

  @AfterEach
  void stop() {
    toxiproxy.close();
    upstream.close();
  }

  private static String toxic(String type, String stream, String attributes) {
    return "{\"name\":\"t\",\"type\":\"%s\",\"stream\":\"%s\",\"attributes\":{%s}}"
        .formatted(type, stream, attributes);
  }

  private int proxyWith(String toxic) {
    int port = toxiproxy.proxy("p", upstream.port());
    toxiproxy.toxic("p", toxic);
    return port;
  }

  private void deleteToxic() {
    assertThat(toxiproxy.call("DELETE", "/proxies/p/toxics/t", "")).isEqualTo("204");
  }

  private static void send(Socket socket, byte[] data) {
    try {
      socket.getOutputStream().write(data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void latencyDelaysItsDirectionOnly() throws IOException {
    try (Client client = new Client(proxyWith(toxic("latency", "upstream", "\"latency\":300")))) {
      Socket server = upstream.next();
      long toServer =
          Clock.millisOf(() -> {
            client.send("a");
            assertThat(server.getInputStream().read()).isEqualTo('a');
          });
      assertThat(toServer).isBetween(299L, 3_000L);
      long toClient =
          Clock.millisOf(() -> {
            send(server, new byte[] {'b'});
            assertThat(client.read(1)).isEqualTo("b");
          });
      assertThat(toClient).isLessThan(250);
    }
  }

  @Test
  void latencyOfBothDirectionsAddsUp() throws IOException {
    int port = proxyWith(toxic("latency", "upstream", "\"latency\":100"));
    toxiproxy.toxic(
        "p", "{\"type\":\"latency\",\"stream\":\"downstream\",\"attributes\":{\"latency\":150}}");
    try (Client client = new Client(port)) {
      Socket server = upstream.next();
      long both =
          Clock.millisOf(() -> {
            client.send("a");
            assertThat(server.getInputStream().read()).isEqualTo('a');
            send(server, new byte[] {'b'});
            assertThat(client.read(1)).isEqualTo("b");
          });
      assertThat(both).isBetween(249L, 3_000L);
    }
  }

  @Test
  void theLastBytesOfQuickConnectionsSurviveLatency() throws Exception {
    int port = proxyWith(toxic("latency", "upstream", "\"latency\":5,\"jitter\":5"));
    List<CompletableFuture<String>> received = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      try (Client client = new Client(port)) {
        client.send("hello " + i);
      }
      Socket server = upstream.next();
      received.add(
          CompletableFuture.supplyAsync(() -> {
            try {
              return new String(
                  server.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }));
    }
    List<String> texts = new ArrayList<>();
    for (CompletableFuture<String> text : received) {
      texts.add(text.get());
    }
    assertThat(texts).hasSize(200).allSatisfy(text -> assertThat(text).startsWith("hello "));
    assertThat(texts).doesNotHaveDuplicates();
  }

  @Test
  void bandwidthTakesItsTime() throws IOException {
    byte[] data = Client.bytes(240_000);
    try (Client client = new Client(proxyWith(toxic("bandwidth", "upstream", "\"rate\":800")))) {
      InputStream server = upstream.next().getInputStream();
      long millis =
          Clock.millisOf(() -> {
            CompletableFuture<Void> sending =
                CompletableFuture.runAsync(() -> send(client.socket, data));
            assertThat(Arrays.equals(server.readNBytes(data.length), data)).isTrue();
            sending.join();
          });
      assertThat(millis).isBetween(299L, 3_000L);
    }
  }

  @Test
  void bandwidthOf0StallsAndItsDataComesWhenItGoes() throws IOException {
    try (Client client = new Client(proxyWith(toxic("bandwidth", "downstream", "\"rate\":0")))) {
      send(upstream.next(), Client.bytes(100_000));
      assertThat(client.silentFor(100)).isTrue();
      deleteToxic();
      assertThat(client.socket.getInputStream().readNBytes(100_000))
          .isEqualTo(Client.bytes(100_000));
    }
  }

  @Test
  void limitDataEndsTheConnectionAfterExactlySoManyBytes() throws IOException {
    try (Client client =
        new Client(proxyWith(toxic("limit_data", "downstream", "\"bytes\":70000")))) {
      Socket server = upstream.next();
      CompletableFuture<Void> sending =
          CompletableFuture.runAsync(() -> send(server, Client.bytes(200_000)))
              .exceptionally(broken -> null);
      byte[] received = client.socket.getInputStream().readNBytes(70_000);
      assertThat(Client.summary(received)).isEqualTo(Client.summary(Client.bytes(70_000)));
      assertThat(client.ending()).isEqualTo("end");
      sending.join();
    }
  }

  @Test
  void slicerCutsWhatTheReceiverSees() throws IOException {
    try (Client client =
        new Client(
            proxyWith(toxic("slicer", "downstream", "\"average_size\":1000,\"delay\":3000")))) {
      send(upstream.next(), Client.bytes(16_000));
      byte[] buffer = new byte[16_000];
      int read = 0;
      int reads = 0;
      while (read < buffer.length) {
        read += client.socket.getInputStream().read(buffer, read, buffer.length - read);
        reads++;
      }
      assertThat(buffer).isEqualTo(Client.bytes(16_000));
      assertThat(reads).isBetween(3, 16);
    }
  }

  /** The end must not overtake small pieces that wait for a slow receiver. */
  @ParameterizedTest
  @ValueSource(ints = {500_000, 610_000, 720_000})
  void theEndComesAfterTheLastPieceAlsoForASlowReceiver(int bytes) throws IOException {
    byte[] data = Client.bytes(bytes);
    String slicer = toxic("slicer", "downstream", "\"average_size\":1500,\"size_variation\":100");
    try (Client client = new Client(proxyWith(slicer), 4096)) {
      Socket server = upstream.next();
      CompletableFuture<Void> sending =
          CompletableFuture.runAsync(() -> {
            send(server, data);
            try {
              server.close();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      assertThat(client.read(1)).hasSize(1);
      int read = 1;
      byte[] buffer = new byte[10_000];
      for (int n = client.socket.getInputStream().read(buffer);
          n >= 0;
          n = client.socket.getInputStream().read(buffer)) {
        read += n;
        LockSupport.parkNanos(100_000);
      }
      assertThat(read).isEqualTo(bytes);
      sending.join();
    }
  }

  @Test
  void slowCloseHoldsTheEndBack() throws IOException {
    try (Client client =
        new Client(proxyWith(toxic("slow_close", "downstream", "\"delay\":250")))) {
      Socket server = upstream.next();
      send(server, new byte[] {'a'});
      assertThat(client.read(1)).isEqualTo("a");
      assertThat(
              Clock.millisOf(() -> {
                server.close();
                assertThat(client.ending()).isEqualTo("end");
              }))
          .isBetween(249L, 3_000L);
    }
  }

  @Test
  void timeoutEndsASilentConnection() throws IOException {
    try (Client client = new Client(proxyWith(toxic("timeout", "downstream", "\"timeout\":150")))) {
      send(upstream.next(), new byte[] {'a'});
      assertThat(Clock.millisOf(() -> assertThat(client.readAll()).isEmpty()))
          .isBetween(140L, 3_000L);
    }
  }

  @Test
  void aBlackHoleIsSilentAndItsRemovalEndsTheConnection() throws IOException {
    int port = toxiproxy.proxy("p", upstream.port());
    try (Client client = new Client(port)) {
      Socket server = upstream.next();
      send(server, new byte[] {'a'});
      assertThat(client.read(1)).isEqualTo("a");
      toxiproxy.toxic("p", toxic("timeout", "downstream", "\"timeout\":0"));
      send(server, new byte[] {'b'});
      assertThat(client.silentFor(150)).isTrue();
      deleteToxic();
      assertThat(client.ending()).isEqualTo("end");
    }
  }

  @Test
  void resetPeerResetsConnectionsThatOpenWhileItExists() throws IOException {
    try (Client client = new Client(proxyWith(toxic("reset_peer", "upstream", "\"timeout\":0")))) {
      Socket server = upstream.next();
      client.send("a");
      assertThat(client.ending()).isEqualTo("reset");
      assertThat(ending(server)).isEqualTo("reset");
    }
  }

  @Test
  void resetPeerWaitsForItsTimeoutAndThenResetsDownstreamToo() throws IOException {
    try (Client client =
        new Client(proxyWith(toxic("reset_peer", "downstream", "\"timeout\":150")))) {
      Socket server = upstream.next();
      long millis =
          Clock.millisOf(() -> {
            send(server, new byte[] {'a'});
            assertThat(client.ending()).isEqualTo("reset");
          });
      assertThat(millis).isBetween(149L, 3_000L);
    }
  }

  @Test
  void connectionsFromBeforeAResetPeerOnlySeeTheEnd() throws IOException {
    int port = toxiproxy.proxy("p", upstream.port());
    try (Client client = new Client(port)) {
      Socket server = upstream.next();
      // The upstream may see a connection before its links have started; data shows that they have.
      send(server, new byte[] {'a'});
      assertThat(client.read(1)).isEqualTo("a");
      toxiproxy.toxic("p", toxic("reset_peer", "downstream", "\"timeout\":0"));
      send(server, new byte[] {'a'});
      assertThat(client.ending()).isEqualTo("end");
    }
  }

  @Test
  void evenAResetPeerThatNeverActsTurnsClosesIntoResets() throws IOException {
    int port = toxiproxy.proxy("p", upstream.port());
    toxiproxy.toxic("p", "{\"type\":\"reset_peer\",\"toxicity\":0}");
    try (Client client = new Client(port)) {
      Socket server = upstream.next();
      send(server, new byte[] {'a'});
      assertThat(client.read(1)).isEqualTo("a");
      server.close();
      assertThat(client.ending()).isEqualTo("reset");
    }
  }

  @Test
  void disablingResetsWhereLingerSaysSo() throws IOException {
    try (Client client =
        new Client(proxyWith(toxic("reset_peer", "upstream", "\"timeout\":60000")))) {
      // Data shows that the links have started, and with them linger.
      send(upstream.next(), new byte[] {'a'});
      assertThat(client.read(1)).isEqualTo("a");
      toxiproxy.call("PATCH", "/proxies/p", "{\"enabled\":false}");
      assertThat(client.ending()).isEqualTo("reset");
    }
  }

  private static String ending(Socket socket) {
    try {
      return socket.getInputStream().readAllBytes().length + " bytes, then the end";
    } catch (IOException e) {
      return String.valueOf(e.getMessage()).contains("reset")
          ? "reset"
          : "broken: " + e.getMessage();
    }
  }
}
