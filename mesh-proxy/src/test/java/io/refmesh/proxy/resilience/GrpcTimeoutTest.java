package io.refmesh.proxy.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrpcTimeoutTest {

  @ParameterizedTest
  @CsvSource({
    "1H,3600000000000",
    "2M,120000000000",
    "3S,3000000000",
    "4m,4000000",
    "5u,5000",
    "6n,6"
  })
  void readsEveryUnit(String text, long nanos) {
    assertThat(GrpcTimeout.parse(text)).isEqualTo(nanos);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "m", "1", "-1m", "123456789m", "1x", "1.5S"})
  void readsNothingElse(String text) {
    assertThat(GrpcTimeout.parse(text)).isEqualTo(-1);
  }

  @Test
  void writesWhatItReads() {
    assertThat(GrpcTimeout.format(Duration.ofMillis(1500).toNanos())).isEqualTo("1500m");
    assertThat(GrpcTimeout.format(1)).isEqualTo("1m");
    assertThat(GrpcTimeout.format(Duration.ofDays(3).toNanos())).isEqualTo("259200S");
  }
}
