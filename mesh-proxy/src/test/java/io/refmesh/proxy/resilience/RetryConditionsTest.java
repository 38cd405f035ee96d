package io.refmesh.proxy.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.ResponseHead;
import java.util.List;
import org.junit.jupiter.api.Test;

class RetryConditionsTest {

  private static final RetryCondition RESET = RetryCondition.parse("reset");
  private static final RetryCondition CONNECT = RetryCondition.parse("connect-failure");
  private final RetryConditions conditions = new RetryConditions(List.of(RESET, CONNECT));

  @Test
  void whatBefellTheFarSidecarMeetsTheSameConditions() {
    assertThat(conditions.met(told("upstream-reset"), false, true)).isEqualTo(RESET);
    assertThat(conditions.met(told("connect-failed"), false, true)).isEqualTo(CONNECT);
    assertThat(conditions.met(told("connect-timeout"), false, true)).isEqualTo(CONNECT);
    assertThat(conditions.met(told("denied"), false, true)).isNull();
  }

  @Test
  void believesSidecarsOnly() {
    assertThat(conditions.met(told("upstream-reset"), false, false)).isNull();
  }

  private static ResponseHead told(String code) {
    return new ResponseHead(
        502, new DefaultHttp2Headers(false).add("x-mesh-error", code), BodyPipe.empty(), true);
  }
}
