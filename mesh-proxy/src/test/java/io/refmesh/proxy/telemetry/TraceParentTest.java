package io.refmesh.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceParentTest {

  private static final String SAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  @Test
  void readsAndWritesTheField() {
    TraceParent parent = TraceParent.maybeParse(SAMPLED);

    assertThat(parent).isNotNull();
    assertThat(parent.sampled()).isTrue();
    assertThat(parent.traceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
    assertThat(parent.span()).isEqualTo(0x00f067aa0ba902b7L);
    assertThat(parent.text()).isEqualTo(SAMPLED);
  }

  @Test
  void readsALaterVersionThatGoesOn() {
    assertThat(TraceParent.maybeParse("cc" + SAMPLED.substring(2) + "-what")).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
        "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01what"
      })
  void refusesWhatTheStandardRefuses(String text) {
    assertThat(TraceParent.maybeParse(text)).isNull();
  }

  @Test
  void believesNoneOfTwo() {
    Http2Headers headers = new DefaultHttp2Headers().add("traceparent", SAMPLED, SAMPLED);
    assertThat(TraceParent.maybeOf(headers)).isNull();
  }
}
