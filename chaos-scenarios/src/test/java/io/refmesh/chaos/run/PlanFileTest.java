package io.refmesh.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.scenario.LoadStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

final class PlanFileTest {

  @Test
  void saysWhatTheLoadGeneratorShallDo() {
    LoadStream plain =
        new LoadStream(
            "browse",
            "catalog",
            8080,
            "GET",
            "/items",
            "h2c",
            150,
            0,
            Map.of(),
            Duration.ofSeconds(5),
            false,
            Optional.empty());
    LoadStream full =
        new LoadStream(
            "post",
            "cart",
            8080,
            "POST",
            "/cart",
            "http1",
            0.5,
            100,
            Map.of("x-user", "anna"),
            Duration.ofMillis(700),
            true,
            Optional.of(9L));
    String plan = PlanFile.write("slow", List.of(plain, full), 42, Duration.ofMillis(61_500));
    assertThat(JsonMapper.shared().readTree(plan))
        .isEqualTo(
            JsonMapper.shared()
                .readTree(
                    """
                    {"seed": 42, "report": false, "streams": [
                      {"id": "browse", "url": "http://catalog.shop:8080", "method": "GET", "path": "/items", "protocol": "h2c",
                       "ratePerSecond": 150.0, "durationMillis": 61000, "requestTimeoutMillis": 5000, "idPrefix": "slow.browse"},
                      {"id": "post", "url": "http://cart.shop:8080", "method": "POST", "path": "/cart", "protocol": "http1",
                       "ratePerSecond": 0.5, "durationMillis": 61000, "requestTimeoutMillis": 700, "idPrefix": "slow.post",
                       "bodyBytes": 100, "headers": {"x-user": "anna"}, "newConnectionEach": true, "expectBodyBytes": 9}]}
                    """));
  }
}
