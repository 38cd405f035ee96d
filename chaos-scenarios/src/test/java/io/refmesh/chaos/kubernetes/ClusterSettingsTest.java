package io.refmesh.chaos.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class ClusterSettingsTest {

  @Test
  void whatIsNotSaidFollowsFromTheVersion() throws Exception {
    ClusterSettings settings =
        ClusterSettings.of(
            Map.of("REFMESH_E2E_VERSION", "0.2.0", "REFMESH_E2E_ADDRESS", "10.1.2.3"));
    assertThat(settings.name()).isEqualTo("kubernetes");
    assertThat(settings.image()).isEqualTo("refmesh/e2e:0.2.0");
    assertThat(settings.shopImage()).isEqualTo("refmesh/demo-shop:0.2.0");
    assertThat(settings.address().getHostAddress()).isEqualTo("10.1.2.3");
  }

  @Test
  void versionsAreKeptInTheirOrder() throws Exception {
    assertThat(
            ClusterSettings.of(
                    Map.of(
                        "REFMESH_E2E_ENVIRONMENT",
                        "kind",
                        "REFMESH_E2E_VERSIONS",
                        "kubernetes=v1.34.0, kind=v0.33.0",
                        "REFMESH_E2E_ADDRESS",
                        "10.1.2.3"))
                .versions())
        .containsExactly(Map.entry("kubernetes", "v1.34.0"), Map.entry("kind", "v0.33.0"));
  }

  @Test
  void aBadSettingIsNamedWithWhatWasExpected() {
    assertThatThrownBy(() -> ClusterSettings.of(Map.of("REFMESH_E2E_VERSIONS", "v1")))
        .hasMessage("REFMESH_E2E_VERSIONS: v1 (expected: name=version, comma between)");
    assertThatThrownBy(() -> ClusterSettings.of(Map.of("REFMESH_E2E_ADDRESS", "nowhere")))
        .hasMessageStartingWith("REFMESH_E2E_ADDRESS: nowhere (expected: an IP address");
  }
}
