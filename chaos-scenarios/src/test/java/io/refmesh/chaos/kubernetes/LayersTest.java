package io.refmesh.chaos.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.scenario.MeshResource;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LayersTest {

  private final Layers layers = new Layers();

  @Test
  void onlyWhatIsNewOrDifferentIsApplied() {
    layers.put("scenario", List.of(policy("cart", 1), policy("web", 1)));
    Layers.Change change = layers.put("scenario", List.of(policy("cart", 1), policy("web", 2)));
    assertThat(change.apply()).containsExactly(policy("web", 2));
    assertThat(change.remove()).isEmpty();
  }

  @Test
  void whatALayerNoLongerHasIsRemoved() {
    layers.put("scenario", List.of(policy("cart", 1), policy("web", 1)));
    assertThat(layers.put("scenario", List.of(policy("web", 1))).remove())
        .containsExactly(policy("cart", 1));
    assertThat(layers.put("scenario", List.of()).remove()).containsExactly(policy("web", 1));
    assertThat(layers.put("scenario", List.of()).remove()).isEmpty();
  }

  @Test
  void theLastLayerCountsAndWhenItGoesTheOtherIsBack() {
    layers.put("a", List.of(policy("cart", 1)));
    assertThat(layers.put("b", List.of(policy("cart", 2))).apply())
        .containsExactly(policy("cart", 2));
    Layers.Change change = layers.put("b", List.of());
    assertThat(change.apply()).containsExactly(policy("cart", 1));
    assertThat(change.remove()).isEmpty();
  }

  @Test
  void objectsAreFoundWhereTheApiServerHasThem() {
    assertThat(Kinds.path("v1", "Namespace", "shop", "shop")).isEqualTo("/api/v1/namespaces/shop");
    assertThat(Kinds.path("refmesh.io/v1alpha1", "RateLimitPolicy", "shop", "cart"))
        .isEqualTo("/apis/refmesh.io/v1alpha1/namespaces/shop/ratelimitpolicies/cart");
    assertThat(Kinds.path("gateway.networking.k8s.io/v1", "HTTPRoute", "shop", "canary"))
        .isEqualTo("/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/canary");
    assertThat(Kinds.path("refmesh.io/v1alpha1", "MeshConfig", "refmesh-system", "mesh"))
        .isEqualTo("/apis/refmesh.io/v1alpha1/namespaces/refmesh-system/meshconfigs/mesh");
  }

  private static MeshResource policy(String name, int version) {
    return new MeshResource("RateLimitPolicy", "shop", name, "{\"v\": " + version + "}");
  }
}
