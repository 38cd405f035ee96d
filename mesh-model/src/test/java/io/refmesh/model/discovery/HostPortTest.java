package io.refmesh.model.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {

  @ParameterizedTest
  @ValueSource(strings = {"127.1.0.2:8080", "[::1]:8080", "127.0.0.1:0", "10.0.0.1:65535"})
  void readsBackWhatItWrites(String text) {
    assertThat(HostPort.parse(text)).hasToString(text);
    assertThat(HostPort.parse(HostPort.parse(text).toString())).isEqualTo(HostPort.parse(text));
  }

  @Test
  void takesTheBracketsOffAnAddressOfIpv6() {
    assertThat(HostPort.parse("[fd00::1]:80")).isEqualTo(new HostPort("fd00::1", 80));
    assertThat(HostPort.parse("[::1]:80").toSocketAddress().getAddress().isLoopbackAddress())
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:http",
        "127.0.0.1:65536",
        "127.0.0.1:-1"
      })
  void saysWhatWasExpected(String text) {
    assertThatThrownBy(() -> HostPort.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected: ");
  }

  @Test
  void refusesAPortOfAServiceThatCannotBe() {
    assertThatThrownBy(() -> new ServicePort("shop", "cart", 0))
        .hasMessage("port: 0 (expected: 1 to 65535)");
    assertThatThrownBy(() -> new ServicePort("", "cart", 80))
        .hasMessage("service: /cart (expected: namespace/name)");
    assertThat(new ServicePort("shop", "cart", 80)).hasToString("cart.shop:80");
  }
}
