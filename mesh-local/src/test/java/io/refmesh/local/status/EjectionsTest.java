package io.refmesh.local.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.testkit.acceptance.Acceptance;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

final class EjectionsTest {

  @Test
  @Acceptance(76)
  void tellsEndpointStateReasonAndNextProbeOfWhatASidecarDoesNotCall() {
    assertThat(
            StatusReader.ejections(
                "shop/web-0",
                JsonMapper.shared()
                    .readTree(
                        """
                        {"destinations": [{"backends": [{"backend": "cart.shop:8080", "endpoints": [
                          {"address": "127.1.1.1:8080", "health": {"state": "ejected",
                           "reason": "consecutive-failures", "nextProbeMillis": 900}},
                          {"address": "127.1.1.2:8080", "health": {"state": "probing",
                           "reason": "success-rate"}},
                          {"address": "127.1.1.3:8080", "health": {"state": "admitting"}},
                          {"address": "127.1.1.4:8080"}]}]}]}
                        """)))
        .containsExactly(
            new MeshStatus.Ejection(
                "shop/web-0",
                "cart.shop:8080",
                "127.1.1.1:8080",
                "ejected",
                "consecutive-failures",
                900),
            new MeshStatus.Ejection(
                "shop/web-0", "cart.shop:8080", "127.1.1.2:8080", "probing", "success-rate", 0));
  }
}
