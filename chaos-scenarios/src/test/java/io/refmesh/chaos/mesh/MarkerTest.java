package io.refmesh.chaos.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.chaos.scenario.MeshResource;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class MarkerTest {

  @Test
  void aChangeIsInForceWhenItWasReadAndEverySidecarHasAppliedIt() {
    assertThat(missing("[]", 5, 5))
        .isEqualTo("the control plane has not read it; Service shop/a: no such thing");
    assertThat(missing("[{\"via\": \"127.0.0.1:7\"}]", 5, 4))
        .isEqualTo("the sidecar of cart-1 has not applied shop/pricing:8080");
    assertThat(missing("[{\"via\": \"127.0.0.1:7\"}]", 5, 5)).isEmpty();
  }

  @Test
  void waitsUntilEveryControlPlaneSaysSoTwiceInARow() throws Exception {
    Marker.Mark mark = new Marker().next();
    JsonNode unread = JsonMapper.shared().readTree("{\"detours\": []}");
    JsonNode read =
        JsonMapper.shared().readTree("{\"detours\": [{\"via\": \"" + mark.via() + "\"}]}");
    Iterator<List<JsonNode>> said =
        List.of(
                List.<JsonNode>of(),
                List.of(read, unread),
                List.of(read, read),
                List.of(unread),
                List.of(read),
                List.of(read))
            .iterator();
    mark.await(said::next, Duration.ofSeconds(10), Duration.ofMillis(1));
    assertThat(said.hasNext()).isFalse();
  }

  @Test
  void saysWhatIsMissingWhenItGivesUp() {
    Marker.Mark mark = new Marker().next();
    assertThatThrownBy(() -> mark.await(List::of, Duration.ofMillis(5), Duration.ofMillis(1)))
        .hasMessageEndingWith("no control plane runs");
  }

  private static String missing(String detours, int sent, int applied) {
    return new Marker.Mark("127.0.0.1:7", new MeshResource("Detour", "shop", "e2e-marker", "{}"))
        .missing(
            JsonMapper.shared()
                .readTree(
                    """
                    {"detours": %s, "problems": [{"object": "Service shop/a", "message": "no such thing"}],
                     "proxies": [{"workload": "cart", "replica": 1,
                       "resources": [{"resource": "shop/pricing:8080", "sent": %d, "applied": %d, "refused": 0, "reason": ""}]}]}
                    """
                        .formatted(detours, sent, applied)));
  }
}
