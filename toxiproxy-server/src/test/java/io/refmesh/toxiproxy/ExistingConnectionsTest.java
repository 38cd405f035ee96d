package io.refmesh.toxiproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Toxics of the connections that are open now, which Toxiproxy itself does not have. */
class ExistingConnectionsTest {
  private static final String HOLE =
      "{\"name\":\"hole\",\"type\":\"timeout\",\"stream\":\"downstream\",\"attributes\":{\"timeout\":0},\"links\":\"existing\"}";

  private final RunningServer toxiproxy = new RunningServer();
  private final Upstream upstream = Upstream.echo();

  @AfterEach
  void stop() {
    toxiproxy.close();
    upstream.close();
  }

  @Test
  void onlyConnectionsThatAreOpenFeelIt() throws IOException {
    int port = toxiproxy.proxy("p", upstream.port());
    try (Client old = new Client(port)) {
      assertThat(old.send("a").read(1)).isEqualTo("a");
      assertThat(toxiproxy.send("POST", "/refmesh/proxies/p/toxics", HOLE).statusCode())
          .isEqualTo(200);
      assertThat(old.send("b").silentFor(100)).isTrue();
      try (Client fresh = new Client(port)) {
        assertThat(fresh.send("c").read(1)).isEqualTo("c");
      }
    }
  }

  @Test
  void itIsNotListedAndGoesWhenItIsDeleted() {
    toxiproxy.proxy("p", upstream.port());
    toxiproxy.send("POST", "/refmesh/proxies/p/toxics", HOLE);
    assertThat(toxiproxy.send("GET", "/proxies/p/toxics", "").body()).isEqualTo("[]");
    assertThat(toxiproxy.send("POST", "/refmesh/proxies/p/toxics", HOLE).statusCode())
        .isEqualTo(409);
    assertThat(toxiproxy.send("DELETE", "/refmesh/proxies/p/toxics/hole", "").statusCode())
        .isEqualTo(204);
    assertThat(toxiproxy.send("DELETE", "/refmesh/proxies/p/toxics/hole", "").statusCode())
        .isEqualTo(404);
  }

  @Test
  void resetDeletesIt() {
    toxiproxy.proxy("p", upstream.port());
    toxiproxy.send("POST", "/refmesh/proxies/p/toxics", HOLE);
    assertThat(toxiproxy.send("POST", "/reset", "").statusCode()).isEqualTo(204);
    assertThat(toxiproxy.send("DELETE", "/refmesh/proxies/p/toxics/hole", "").statusCode())
        .isEqualTo(404);
  }

  @Test
  void anyOtherChoiceOfConnectionsIsRefused() {
    toxiproxy.proxy("p", upstream.port());
    assertThat(
            toxiproxy
                .send("POST", "/refmesh/proxies/p/toxics", HOLE.replace("existing", "future"))
                .body())
        .contains("links was \\\"future\\\", can only be existing");
  }
}
