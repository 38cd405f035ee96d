package io.refmesh.model.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.policy.RetryCondition.GrpcStatus;
import io.refmesh.model.policy.RetryCondition.Status;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetryConditionTest {

  @Test
  void readsWhatAPolicyMayName() {
    Map<String, RetryCondition> conditions =
        Map.of(
            "4xx", new Status(400, 499),
            "5xx", new Status(500, 599),
            "gateway-error", new Status(502, 504),
            "503", new Status(503, 503),
            "500-502", new Status(500, 502),
            "connect-failure", new RetryCondition.ConnectFailure(),
            "reset", new RetryCondition.Reset(),
            "refused-stream", new RetryCondition.RefusedStream(),
            "per-try-timeout", new RetryCondition.PerTryTimeout(),
            "grpc:unavailable", new GrpcStatus(14));

    conditions.forEach(
        (text, condition) -> assertThat(RetryCondition.parse(text)).as(text).isEqualTo(condition));
  }

  @Test
  void readsBackTheTextOfEveryCondition() {
    for (String text :
        new String[] {
          "4xx", "503", "500-502", "reset", "grpc:aborted", "grpc:16", "connect-failure"
        }) {
      RetryCondition condition = RetryCondition.parse(text);
      assertThat(RetryCondition.parse(condition.text())).isEqualTo(condition);
    }
    RetryCondition.GRPC_NAMES.forEach((name, code) ->
        assertThat(RetryCondition.parse("grpc:" + name)).isEqualTo(new GrpcStatus(code)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "6xx", "200", "399", "600", "503-500", "500-", "-500", "grpc:", "grpc:ok", "grpc:0",
        "grpc:17", "timeout"
      })
  void saysWhatWasExpectedInsteadOfAnythingElse(String text) {
    assertThatThrownBy(() -> RetryCondition.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("retry condition: " + text + " (expected: ");
  }
}
