package io.refmesh.toxiproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Toxics come and go through the API while data flows over real sockets. */
class ChurnTest {
  private final RunningServer toxiproxy = new RunningServer();
  private final AtomicBoolean done = new AtomicBoolean();

  @AfterEach
  void stop() {
    toxiproxy.close();
  }

  /**
   * Adds, updates and removes toxics that lose nothing, until told to stop; returns how many rounds
   * it did.
   */
  private int churn(String stream) {
    int rounds = 0;
    String[] bodies = {
      "\"type\":\"latency\",\"attributes\":{\"latency\":1,\"jitter\":1}",
      "\"type\":\"bandwidth\",\"attributes\":{\"rate\":100000}",
      "\"type\":\"slicer\",\"attributes\":{\"average_size\":50,\"size_variation\":10}",
      "\"type\":\"slow_close\",\"attributes\":{\"delay\":1}",
      "\"type\":\"noop\""
    };
    while (!done.get()) {
      String body = bodies[rounds++ % bodies.length];
      assertThat(
              toxiproxy.call(
                  "POST",
                  "/proxies/p/toxics",
                  "{\"name\":\"a\",\"stream\":\"" + stream + "\"," + body + "}"))
          .startsWith("200 ");
      assertThat(
              toxiproxy.call(
                  "POST",
                  "/proxies/p/toxics",
                  "{\"name\":\"b\",\"stream\":\"" + stream + "\",\"type\":\"noop\"}"))
          .startsWith("200 ");
      assertThat(toxiproxy.call("PATCH", "/proxies/p/toxics/a", "{\"toxicity\":0.5}"))
          .startsWith("200 ");
      assertThat(toxiproxy.call("DELETE", "/proxies/p/toxics/a", "")).isEqualTo("204");
      assertThat(toxiproxy.call("POST", "/reset", "")).isEqualTo("204");
    }
    return rounds;
  }

  @Test
  void noneOf65535SmallChunksIsDroppedOrReordered() throws IOException {
    try (Upstream upstream = Upstream.manual();
        Client client = new Client(toxiproxy.proxy("p", upstream.port()))) {
      Socket server = upstream.next();
      CompletableFuture<Void> sending =
          CompletableFuture.runAsync(() -> {
            byte[] chunk = new byte[2];
            for (int i = 0; i < 65_535; i++) {
              chunk[0] = (byte) (i >>> 8);
              chunk[1] = (byte) i;
              try {
                client.send(chunk);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
          });
      CompletableFuture<Integer> churning = CompletableFuture.supplyAsync(() -> churn("upstream"));
      DataInputStream received = new DataInputStream(server.getInputStream());
      for (int i = 0; i < 65_535; i++) {
        assertThat(received.readUnsignedShort()).isEqualTo(i);
      }
      sending.join();
      done.set(true);
      assertThat(churning.join()).isPositive();
    }
  }

  @Test
  void aConnectionEchoesOnWhileToxicsChange() throws IOException {
    try (Upstream upstream = Upstream.echo();
        Client client = new Client(toxiproxy.proxy("p", upstream.port()))) {
      CompletableFuture<Integer> churning =
          CompletableFuture.supplyAsync(() -> churn("downstream"));
      for (int i = 0; i < 200; i++) {
        String message = "message number " + i + " of some";
        assertThat(client.send(message).read(message.length())).isEqualTo(message);
      }
      done.set(true);
      assertThat(churning.join()).isPositive();
    }
  }

  @Test
  void aLargeDownloadArrivesWhole() throws IOException {
    byte[] data = Client.bytes(20_000_000);
    try (Upstream upstream =
            new Upstream(socket -> {
              try (socket) {
                socket.getOutputStream().write(data);
              }
            });
        Client client = new Client(toxiproxy.proxy("p", upstream.port()))) {
      CompletableFuture<Integer> churning =
          CompletableFuture.supplyAsync(() -> churn("downstream"));
      assertThat(Client.summary(client.readAll())).isEqualTo(Client.summary(data));
      done.set(true);
      assertThat(churning.join()).isPositive();
    }
  }
}
