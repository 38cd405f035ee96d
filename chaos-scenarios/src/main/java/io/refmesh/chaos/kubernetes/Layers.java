package io.refmesh.chaos.kubernetes;

import io.refmesh.chaos.scenario.MeshResource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Objects in layers, each put and taken away whole, as local mode's folder has files. Of objects
 * with the same key that of the layer whose name is last counts. Not thread-safe.
 */
final class Layers {

  private final TreeMap<String, List<MeshResource>> layers = new TreeMap<>();
  private Map<String, MeshResource> inForce = Map.of();

  /**
   * What a change asks for.
   *
   * @param apply objects that are new or say something else now
   * @param remove objects that no layer has any more
   */
  record Change(List<MeshResource> apply, List<MeshResource> remove) {
    Change {
      apply = List.copyOf(apply);
      remove = List.copyOf(remove);
    }
  }

  /** Makes {@code resources} the content of a layer; none: the layer goes. */
  Change put(String layer, List<MeshResource> resources) {
    if (resources.isEmpty()) {
      layers.remove(layer);
    } else {
      layers.put(layer, List.copyOf(resources));
    }
    Map<String, MeshResource> wanted = new LinkedHashMap<>();
    layers.values().forEach(all -> all.forEach(one -> wanted.put(one.key(), one)));
    List<MeshResource> apply =
        wanted.values().stream().filter(one -> !one.equals(inForce.get(one.key()))).toList();
    List<MeshResource> remove = new ArrayList<>();
    inForce.values().stream().filter(one -> !wanted.containsKey(one.key())).forEach(remove::add);
    inForce = wanted;
    return new Change(apply, remove);
  }
}
