package io.refmesh.toxiproxy;

import static eu.rekawek.toxiproxy.model.ToxicDirection.DOWNSTREAM;
import static eu.rekawek.toxiproxy.model.ToxicDirection.UPSTREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import eu.rekawek.toxiproxy.Proxy;
import eu.rekawek.toxiproxy.ToxiproxyClient;
import eu.rekawek.toxiproxy.model.Toxic;
import eu.rekawek.toxiproxy.model.toxic.Bandwidth;
import eu.rekawek.toxiproxy.model.toxic.Latency;
import eu.rekawek.toxiproxy.model.toxic.LimitData;
import eu.rekawek.toxiproxy.model.toxic.ResetPeer;
import eu.rekawek.toxiproxy.model.toxic.Slicer;
import eu.rekawek.toxiproxy.model.toxic.SlowClose;
import eu.rekawek.toxiproxy.model.toxic.Timeout;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The official Java client, unchanged: it posts every update and calls its JSON a form. */
class JavaClientTest {
  private final RunningServer toxiproxy = new RunningServer();
  private final Upstream upstream = Upstream.echo();
  private final ToxiproxyClient client = new ToxiproxyClient("127.0.0.1", toxiproxy.controlPort());

  @AfterEach
  void stop() {
    toxiproxy.close();
    upstream.close();
  }

  private Proxy proxy(String name) throws IOException {
    return client.createProxy(name, "127.0.0.1:0", "127.0.0.1:" + upstream.port());
  }

  private static int port(Proxy proxy) {
    return Integer.parseInt(proxy.getListen().substring(proxy.getListen().lastIndexOf(':') + 1));
  }

  @Test
  void createsFindsAndListsProxiesByName() throws IOException {
    proxy("second");
    Proxy first = proxy("first");
    assertThat(first.getName()).isEqualTo("first");
    assertThat(first.getUpstream()).isEqualTo("127.0.0.1:" + upstream.port());
    assertThat(first.isEnabled()).isTrue();
    assertThat(client.getProxies()).extracting(Object::toString).hasSize(2);
    assertThat(client.getProxies().stream().map(Proxy::getName)).containsExactly("first", "second");
    assertThat(client.getProxy("second").getListen()).startsWith("127.0.0.1:");
    assertThat(client.getProxyOrNull("third")).isNull();
    assertThat(client.version()).contains("git");
  }

  @Test
  void aSecondProxyOfTheSameNameIsRefusedInTheWordsTheClientKnows() throws IOException {
    proxy("a");
    assertThatThrownBy(() -> proxy("a")).hasMessageContaining("[409] proxy already exists");
  }

  @Test
  void disablesEnablesMovesAndDeletes() throws IOException {
    Proxy proxy = proxy("a");
    int port = port(proxy);
    proxy.disable();
    assertThat(Client.listens(port)).isFalse();
    proxy.enable();
    assertThat(Client.listens(port)).isTrue();
    proxy.setListen("127.0.0.1:0");
    assertThat(port(proxy)).isNotEqualTo(port);
    proxy.setUpstream("127.0.0.1:9");
    assertThat(client.getProxy("a").getUpstream()).isEqualTo("127.0.0.1:9");
    proxy.delete();
    assertThat(client.getProxies()).isEmpty();
  }

  @Test
  void makesReadsAndChangesEveryToxic() throws IOException {
    Proxy proxy = proxy("a");
    Latency latency = proxy.toxics().latency("latency", DOWNSTREAM, 100).setJitter(15);
    latency.setToxicity(0.5f);
    assertThat(latency.getLatency()).isEqualTo(100);
    assertThat(latency.getJitter()).isEqualTo(15);
    assertThat(latency.getToxicity()).isEqualTo(0.5f);
    Bandwidth bandwidth = proxy.toxics().bandwidth("bandwidth", UPSTREAM, 100).setRate(200);
    assertThat(bandwidth.getRate()).isEqualTo(200);
    SlowClose slowClose = proxy.toxics().slowClose("slow-close", DOWNSTREAM, 100).setDelay(50);
    assertThat(slowClose.getDelay()).isEqualTo(50);
    Timeout timeout = proxy.toxics().timeout("timeout", UPSTREAM, 100).setTimeout(70);
    assertThat(timeout.getTimeout()).isEqualTo(70);
    Slicer slicer =
        proxy.toxics().slicer("slicer", DOWNSTREAM, 10, 5).setSizeVariation(3).setDelay(4);
    assertThat(slicer.getAverageSize()).isEqualTo(10);
    assertThat(slicer.getSizeVariation()).isEqualTo(3);
    assertThat(slicer.getDelay()).isEqualTo(4);
    LimitData limit = proxy.toxics().limitData("limit", UPSTREAM, 1000).setBytes(10);
    assertThat(limit.getBytes()).isEqualTo(10);
    ResetPeer reset = proxy.toxics().resetPeer("reset", DOWNSTREAM, 10).setTimeout(20);
    assertThat(reset.getTimeout()).isEqualTo(20);
    List<? extends Toxic> all = proxy.toxics().getAll();
    assertThat(all.stream().map(Toxic::getName))
        .containsExactly(
            "bandwidth", "timeout", "limit", "latency", "slow-close", "slicer", "reset");
    assertThat(proxy.toxics().get("latency", Latency.class).getStream()).isEqualTo(DOWNSTREAM);
    latency.remove();
    assertThat(proxy.toxics().getAll()).hasSize(6);
    client.reset();
    assertThat(proxy.toxics().getAll()).isEmpty();
  }

  @Test
  void aLatencyAddedAndRemovedThroughTheClientIsFeltByALiveConnection() throws IOException {
    Proxy proxy = proxy("a");
    try (Client connection = new Client(port(proxy))) {
      assertThat(connection.send("one").read(3)).isEqualTo("one");
      Latency latency = proxy.toxics().latency("latency", UPSTREAM, 300);
      assertThat(Clock.millisOf(() -> assertThat(connection.send("two").read(3)).isEqualTo("two")))
          .isBetween(299L, 3_000L);
      latency.remove();
      assertThat(Clock.millisOf(() -> assertThat(connection.send("six").read(3)).isEqualTo("six")))
          .isLessThan(250);
    }
  }
}
