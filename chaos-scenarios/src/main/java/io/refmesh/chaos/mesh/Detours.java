package io.refmesh.chaos.mesh;

import io.refmesh.chaos.scenario.MeshResource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** Makes the resources that send callers of a service of the shop to another address. */
public final class Detours {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Detours() {}

  /**
   * @param endpoints of the service, by replica; empty for all
   * @param via {@code host:port}
   * @param expiresAfter such as {@code 1m}
   */
  public static MeshResource detour(
      String name, String service, List<Integer> endpoints, String via, String expiresAfter) {
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("targetRefs", List.of(Map.of("kind", "Service", "name", service)));
    if (!endpoints.isEmpty()) {
      spec.put("endpoints", endpoints);
    }
    spec.put("via", via);
    spec.put("expiresAfter", expiresAfter);
    Map<String, Object> detour = new LinkedHashMap<>();
    detour.put("apiVersion", "refmesh.io/v1alpha1");
    detour.put("kind", "Detour");
    detour.put("metadata", Map.of("name", name, "namespace", ShopFolder.NAMESPACE));
    detour.put("spec", spec);
    return new MeshResource("Detour", ShopFolder.NAMESPACE, name, JSON.writeValueAsString(detour));
  }
}
