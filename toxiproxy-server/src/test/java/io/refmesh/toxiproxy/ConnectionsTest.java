package io.refmesh.toxiproxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.toxiproxy.proxy.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections through a proxy without toxics, on both transports. */
@ParameterizedClass
@EnumSource(Transport.class)
class ConnectionsTest {
  private final RunningServer toxiproxy;

  ConnectionsTest(Transport transport) {
    toxiproxy =
        new RunningServer(1, transport == Transport.EPOLL ? Transport.best() : Transport.NIO);
  }

  @AfterEach
  void stop() {
    toxiproxy.close();
  }

  @Test
  void aMessageReachesTheServerWholeAndInOrder() throws IOException {
    try (Upstream upstream = Upstream.manual();
        Client client = new Client(toxiproxy.proxy("p", upstream.port()))) {
      byte[] message = Client.bytes(300_000);
      client.send(Arrays.copyOf(message, 100));
      Socket server = upstream.next();
      assertThat(server.getInputStream().readNBytes(100)).isEqualTo(Arrays.copyOf(message, 100));
      Thread.ofVirtual()
          .start(() -> {
            try {
              client.send(Arrays.copyOfRange(message, 100, message.length));
              client.socket.shutdownOutput();
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      assertThat(Client.summary(server.getInputStream().readAllBytes()))
          .isEqualTo(Client.summary(Arrays.copyOfRange(message, 100, message.length)));
    }
  }

  @Test
  void aDeadUpstreamIsAnAcceptedConnectionThatEnds() throws IOException {
    int dead;
    try (Upstream gone = Upstream.echo()) {
      dead = gone.port();
    }
    try (Client client = new Client(toxiproxy.proxy("p", dead))) {
      assertThat(Clock.millisOf(() -> assertThat(client.ending()).isEqualTo("end")))
          .isLessThan(3_000);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"nope", "no.such.host.invalid:80", "127.0.0.1:99999"})
  void anUpstreamThatCannotBeUnderstoodEndsConnectionsToo(String upstream) throws IOException {
    String created =
        toxiproxy.call(
            "POST",
            "/proxies",
            "{\"name\":\"p\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"" + upstream + "\"}");
    try (Client client = new Client(RunningServer.port(created))) {
      assertThat(client.ending()).isEqualTo("end");
    }
  }

  @Test
  void anUpstreamMayBeAName() throws IOException {
    try (Upstream upstream = Upstream.echo()) {
      String created =
          toxiproxy.call(
              "POST",
              "/proxies",
              "{\"name\":\"p\",\"listen\":\"localhost:0\",\"upstream\":\"localhost:"
                  + upstream.port()
                  + "\"}");
      try (Client client = new Client(RunningServer.port(created))) {
        assertThat(client.send("hello").read(5)).isEqualTo("hello");
      }
    }
  }

  @Test
  void theServersEndReachesTheClientAfterItsData() throws IOException {
    byte[] answer = Client.bytes(500_000);
    try (Upstream upstream =
            new Upstream(socket -> {
              try (socket) {
                socket.getOutputStream().write(answer);
              }
            });
        Client client = new Client(toxiproxy.proxy("p", upstream.port()))) {
      assertThat(Client.summary(client.readAll())).isEqualTo(Client.summary(answer));
    }
  }

  /**
   * There is no half-close: a client that shuts its sending half gets the end instead of the late
   * answer.
   */
  @Test
  void aClientThatStopsSendingLosesTheLateAnswer() throws IOException {
    try (Upstream upstream =
            new Upstream(socket -> {
              try (socket) {
                socket.getInputStream().readAllBytes();
                socket.getOutputStream().write("late".getBytes(UTF_8));
              }
            });
        Client client = new Client(toxiproxy.proxy("p", upstream.port()))) {
      client.send("question").socket.shutdownOutput();
      assertThat(client.ending()).isIn("end", "reset");
    }
  }

  @Test
  void disablingEndsLiveConnectionsOnBothSides() throws IOException {
    try (Upstream upstream = Upstream.manual();
        Client client = new Client(toxiproxy.proxy("p", upstream.port()))) {
      Socket server = upstream.next();
      client.send("a");
      assertThat(server.getInputStream().read()).isEqualTo('a');
      toxiproxy.call("PATCH", "/proxies/p", "{\"enabled\":false}");
      assertThat(client.ending()).isEqualTo("end");
      assertThat(server.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aClientThatLeavesTakesItsUpstreamConnectionWithIt() throws IOException {
    try (Upstream upstream = Upstream.manual()) {
      int port = toxiproxy.proxy("p", upstream.port());
      try (Client client = new Client(port)) {
        client.send("a");
        assertThat(upstream.next().getInputStream().read()).isEqualTo('a');
        client.socket.setSoLinger(true, 0);
      }
      try (Client second = new Client(port)) {
        second.send("b");
        InputStream server = upstream.next().getInputStream();
        assertThat(server.read()).isEqualTo('b');
        second.socket.close();
        assertThat(server.read()).isEqualTo(-1);
      }
    }
  }

  /**
   * A receiver that does not read must hold the sender back: nothing piles up in between but socket
   * buffers.
   */
  @Test
  void aSlowReceiverSlowsTheSender() throws IOException, InterruptedException {
    AtomicLong sent = new AtomicLong();
    long most = 256L * 1024 * 1024;
    CountDownLatch stopped = new CountDownLatch(1);
    try (Upstream upstream =
            new Upstream(socket -> {
              try (socket) {
                byte[] chunk = new byte[64 * 1024];
                while (sent.get() < most) {
                  socket.getOutputStream().write(chunk);
                  sent.addAndGet(chunk.length);
                }
              } finally {
                stopped.countDown();
              }
            });
        Client client = new Client(toxiproxy.proxy("p", upstream.port()))) {
      assertThat(client.read(1)).hasSize(1);
      assertThat(stopped.await(300, TimeUnit.MILLISECONDS)).isFalse();
      assertThat(sent.get()).isLessThan(64L * 1024 * 1024);
    }
    assertThat(stopped.await(5, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void manyShortConnectionsLoseNothing() throws Exception {
    try (Upstream upstream = Upstream.echo()) {
      int port = toxiproxy.proxy("p", upstream.port());
      List<Thread> clients = new ArrayList<>();
      AtomicLong good = new AtomicLong();
      for (int i = 0; i < 8; i++) {
        clients.add(
            Thread.ofVirtual()
                .start(() -> {
                  for (int n = 0; n < 50; n++) {
                    try (Client client = new Client(port)) {
                      good.addAndGet(client.send("hello").read(5).equals("hello") ? 1 : 0);
                    } catch (IOException e) {
                      throw new AssertionError(e);
                    }
                  }
                }));
      }
      for (Thread client : clients) {
        client.join();
      }
      assertThat(good).hasValue(400);
    }
  }
}
