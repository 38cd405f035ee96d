package io.refmesh.control.registry;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What every object carries: where it lives, what it is called, labels and annotations.
 *
 * @param created as an API server says; the same for all where nobody knows it
 * @param changed when somebody last wrote something else into the object than its status; empty
 *     where nobody knows it
 * @param generation counts the changes of the object where an API server does so; 0 where nobody
 *     does
 */
public record Metadata(
    String namespace,
    String name,
    Instant created,
    Optional<Instant> changed,
    int generation,
    Map<String, String> labels,
    Map<String, String> annotations) {

  public Metadata {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }

  /** {@code namespace/name}. */
  public String qualifiedName() {
    return namespace + "/" + name;
  }
}
