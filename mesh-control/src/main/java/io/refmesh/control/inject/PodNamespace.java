package io.refmesh.control.inject;

import java.util.Map;

/** What is known of the namespace of a pod. */
public record PodNamespace(
    String name, Map<String, String> labels, Map<String, String> annotations) {

  public PodNamespace {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }
}
