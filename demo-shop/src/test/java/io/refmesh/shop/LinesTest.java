package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class LinesTest {
  @Test
  void answersLineByLine() throws Exception {
    try (RunningShop shop = RunningShop.of("ledger", Map.of("MESH_ZONE", "a"));
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.say("PING\nECHO a b\r\nAPPEND id1 some text\nAPPEND id1 again\nCOUNT id1\n");
      assertThat(connection.line()).isEqualTo("PONG ledger-0 v1 a");
      assertThat(connection.line()).isEqualTo("a b");
      assertThat(connection.line()).isEqualTo("OK 1 ledger-0");
      assertThat(connection.line()).isEqualTo("OK 2 ledger-0");
      assertThat(connection.line()).isEqualTo("COUNT 2");
      connection.say("APPEND\nHELP me\nBYTES 30\nBYTES -1\nQUIT\n");
      assertThat(connection.line()).startsWith("ERROR request-id");
      assertThat(connection.line()).startsWith("ERROR unknown command: HELP me (expected one of: ");
      assertThat(connection.line()).isEqualTo("abcdefghijklmnopqrstuvwxyzabcd");
      assertThat(connection.line()).startsWith("ERROR bytes: -1");
      assertThat(connection.line()).isEqualTo("BYE");
      assertThat(connection.rest()).isEmpty();

      JsonNode record = shop.admin("/record");
      assertThat(record.path("requests").path("finished").asInt()).isEqualTo(10);
      assertThat(record.path("status").toString()).isEqualTo("{\"200\":7,\"400\":3}");
      assertThat(record.path("effects").path("duplicated").asInt()).isEqualTo(1);
      assertThat(record.path("attempts").toString()).isEqualTo("{\"2\":1}");
    }
  }

  @Test
  void longAnswersAreWhole() throws Exception {
    try (RunningShop shop = RunningShop.of("ledger");
        RawConnection connection = new RawConnection(shop.connect())) {
      int size = 5_000_000;
      connection.say("BYTES " + size + "\n");
      byte[] answer = connection.bytes(size + 1);
      for (int i = 0; i < size; i++) {
        assertThat(answer[i] == 'a' + i % 26).isTrue();
      }
      assertThat(answer[size]).isEqualTo((byte) '\n');
    }
  }

  @Test
  void speaksFirstWhenTold() throws Exception {
    try (RunningShop shop = RunningShop.of("ledger", Map.of("GREETING", "on"));
        RawConnection connection = new RawConnection(shop.connect())) {
      assertThat(connection.line()).isEqualTo("READY ledger-0");
      assertThat(connection.say("ECHO x\n").line()).isEqualTo("x");
    }
  }

  @Test
  void refusesLongLines() throws Exception {
    try (RunningShop shop = RunningShop.of("ledger");
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.say("ECHO " + "x".repeat(9000) + "\n");
      assertThat(connection.line()).startsWith("ERROR line too long");
      assertThat(connection.rest()).isEmpty();
    }
  }

  @Test
  void misbehavesByCommand() throws Exception {
    String rules =
        "{\"rules\":[{\"method\":\"PING\",\"status\":503},{\"method\":\"ECHO\",\"partialBody\":2},"
            + "{\"method\":\"COUNT\",\"reset\":true},{\"method\":\"APPEND\",\"hang\":true}]}";
    try (RunningShop shop = RunningShop.of("ledger", Map.of("BEHAVIOUR", rules))) {
      try (RawConnection connection = new RawConnection(shop.connect())) {
        assertThat(connection.say("PING\n").line()).isEqualTo("ERROR status 503");
        assertThat(connection.say("ECHO hello\n").rest())
            .isEqualTo("he".getBytes(StandardCharsets.UTF_8));
      }
      try (RawConnection connection = new RawConnection(shop.connect())) {
        connection.say("COUNT x\n");
        assertThatThrownBy(connection::rest).isInstanceOf(SocketException.class);
      }
      try (RawConnection connection = new RawConnection(shop.connect())) {
        connection.say("APPEND h x\n");
        shop.record(r -> r.path("requests").path("inFlight").asInt() == 1);
      }
      JsonNode record = shop.record(r -> r.path("requests").path("cancelled").asInt() == 1);
      assertThat(record.path("requests").path("reset").asInt()).isEqualTo(2);
      assertThat(record.path("effects").path("effects").asInt()).isEqualTo(1);
    }
  }
}
