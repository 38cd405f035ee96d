package io.refmesh.control.registry;

import java.util.List;

/**
 * What is written down now: objects oldest first, the last good version where one is broken, and
 * every problem.
 */
public record Contents(List<Resource> resources, List<Problem> problems) {

  public static final Contents EMPTY = new Contents(List.of(), List.of());

  public Contents {
    resources = List.copyOf(resources);
    problems = List.copyOf(problems);
  }

  /** The mesh's settings: what is written, or the defaults. */
  public MeshConfig meshConfig() {
    return only(MeshConfig.class).stream().findFirst().orElse(MeshConfig.DEFAULT);
  }

  /** The objects of one kind, oldest first. */
  public <T> List<T> only(Class<T> kind) {
    return resources.stream().filter(kind::isInstance).map(kind::cast).toList();
  }
}
