package io.refmesh.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.load.LoadPlan.Protocol;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of requests over HTTP/2 in clear, against real sockets. */
class Http2WireTest {

  @ParameterizedTest
  @CsvSource({
    "/, OK, 200",
    "/503, HTTP, 503",
    "/reset, RESET, 0",
    "/reset-mid-body, TRUNCATED, 200",
    "/short, TRUNCATED, 200",
    "/close, RESET, 0",
    "/close-mid-body, TRUNCATED, 200",
  })
  void tellsOutcomesApart(String path, Outcome outcome, int status) throws Exception {
    try (H2cServer server = new H2cServer();
        WireClient client = new WireClient(Streams.to(server.port()).protocol(Protocol.H2C))) {
      RequestRecord record = client.send(path);

      assertThat(record.outcome()).as(record.error()).isEqualTo(outcome);
      assertThat(record.status()).isEqualTo(status);
      assertThat(record.bodyBytes()).isLessThan(100);
    }
  }

  @Test
  void sendsManyRequestsOverOneConnection() throws Exception {
    try (H2cServer server = new H2cServer();
        WireClient client =
            new WireClient(Streams.to(server.port()).protocol(Protocol.H2C).post(2000))) {
      List<CompletableFuture<RequestRecord>> records = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        records.add(client.start("/"));
      }
      for (CompletableFuture<RequestRecord> record : records) {
        assertThat(record.get(5, TimeUnit.SECONDS).outcome()).isEqualTo(Outcome.OK);
      }

      assertThat(server.accepted()).isEqualTo(1);
    }
  }

  @Test
  void opensAnotherConnectionWhenToldToGoAway() throws Exception {
    try (H2cServer server = new H2cServer();
        WireClient client = new WireClient(Streams.to(server.port()).protocol(Protocol.H2C))) {
      assertThat(client.send("/go-away").outcome()).isEqualTo(Outcome.OK);
      assertThat(client.send("/").outcome()).isEqualTo(Outcome.OK);

      assertThat(server.accepted()).isEqualTo(2);
    }
  }

  @Test
  void opensAConnectionForEachRequestWhenAskedTo() throws Exception {
    try (H2cServer server = new H2cServer();
        WireClient client =
            new WireClient(Streams.to(server.port()).protocol(Protocol.H2C).newConnections())) {
      for (int i = 0; i < 3; i++) {
        assertThat(client.send("/").outcome()).isEqualTo(Outcome.OK);
      }

      assertThat(server.accepted()).isEqualTo(3);
    }
  }

  @Test
  void resetsTheStreamOfAnAbandonedRequestAndKeepsTheConnection() throws Exception {
    try (H2cServer server = new H2cServer();
        WireClient client = new WireClient(Streams.to(server.port()).protocol(Protocol.H2C))) {
      client.send("/");
      CompletableFuture<RequestRecord> hanging = client.start("/hang");
      client.abandonLast();

      assertThat(hanging.get(5, TimeUnit.SECONDS).outcome()).isEqualTo(Outcome.TIMEOUT);
      assertThat(client.send("/").outcome()).isEqualTo(Outcome.OK);
      assertThat(server.accepted()).isEqualTo(1);
    }
  }

  @Test
  void callsARefusedConnectionConnect() throws Exception {
    int freePort;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      freePort = socket.getLocalPort();
    }
    try (WireClient client = new WireClient(Streams.to(freePort).protocol(Protocol.H2C))) {
      assertThat(client.send("/").outcome()).isEqualTo(Outcome.CONNECT);
    }
  }
}
