package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SettingsTest {
  @Test
  void areGivenByRoleAndEnvironment() throws Exception {
    Settings settings =
        Settings.of(
            List.of("catalog"), Map.of("NAME", "catalog-v2", "MESH_REPLICA", "1", "SEED", "-5"));
    assertThat(settings.instance().name()).isEqualTo("catalog-v2-1");
    assertThat(settings.seed()).isEqualTo(-5);
    assertThat(settings.port()).isEqualTo(8080);
    assertThat(settings.listenAddress()).isEqualTo("127.0.0.1");
    assertThat(Settings.of(List.of("ledger"), Map.of()).port()).isEqualTo(9090);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PORT | 70000 | a whole number from 0 to 65535",
        "ADMIN_PORT | x | a whole number",
        "VERSION | v3 | v1 or v2",
        "SEED | 1.5 | a whole number",
        "CATALOG_URL | catalog:8080 | http://HOST:PORT",
        "CART_URL | http://cart | http://HOST:PORT",
        "PRICING_URL | http://pricing:8080/x | http://HOST:PORT",
        "LEDGER_URL | http://ledger:9090 | tcp://HOST:PORT",
        "GREETING | yes | on or off",
        "MESH_REPLICA | one | a whole number",
        "NAME | a b | letters, digits",
        "DRAIN_TIMEOUT_MS | -1 | a whole number",
        "BEHAVIOUR | {\"rules\":3} | rules: 3 (expected: an array",
      })
  void refusesABadVariableByName(String name, String value, String expected) {
    assertThatThrownBy(() -> Settings.of(List.of("web"), Map.of(name, value)))
        .isInstanceOf(BadSetting.class)
        .hasMessageStartingWith(name + ": " + value + " (expected: ")
        .hasMessageContaining(expected);
  }

  @Test
  void refusesAnUnknownRole() {
    assertThatThrownBy(() -> Settings.of(List.of("shop"), Map.of()))
        .hasMessage(
            "ROLE: shop (expected: one argument, one of web, catalog, cart, pricing, ledger)");
  }
}
