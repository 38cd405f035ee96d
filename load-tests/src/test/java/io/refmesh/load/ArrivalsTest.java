package io.refmesh.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.load.LoadPlan.StreamPlan;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The intended starts follow the injector's schedule. */
class ArrivalsTest {

  @Test
  void spacesAWholeRateEvenly() throws Exception {
    Arrivals arrivals = new Arrivals(stream("100", 2000));

    for (int i = 0; i < 200; i++) {
      assertThat(arrivals.nextMicros()).isEqualTo(i * 10_000L);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.3", "1.5", "7", "150", "333.3", "5000"})
  void staysWithinTheDurationAndNeverGoesBack(String rate) throws Exception {
    StreamPlan stream = stream(rate, 10_000);
    Arrivals arrivals = new Arrivals(stream);
    long last = 0;
    for (int i = 0; i < stream.requestsPlanned(); i++) {
      long next = arrivals.nextMicros();
      assertThat(next).isBetween(last, 10_000_000L);
      last = next;
    }
  }

  private static StreamPlan stream(String rate, long durationMillis) throws PlanRefused {
    return PlanReader.parse(
            "plan.json",
            """
            {"streams": [{"id": "a", "url": "http://a", "path": "/", "ratePerSecond": %s, "durationMillis": %d}]}
            """
                .formatted(rate, durationMillis),
            Path.of("."))
        .streams()
        .getFirst();
  }
}
