package io.refmesh.control.registry;

import java.util.List;

/**
 * What a folder says now: objects oldest first, the last good version where a file is broken, and
 * every problem.
 */
public record FolderContents(List<Resource> resources, List<Problem> problems) {

  public static final FolderContents EMPTY = new FolderContents(List.of(), List.of());

  public FolderContents {
    resources = List.copyOf(resources);
    problems = List.copyOf(problems);
  }

  /** The mesh's settings: what the folder says, or the defaults. */
  public MeshConfig meshConfig() {
    return only(MeshConfig.class).stream().findFirst().orElse(MeshConfig.DEFAULT);
  }

  /** The objects of one kind, oldest first. */
  public <T> List<T> only(Class<T> kind) {
    return resources.stream().filter(kind::isInstance).map(kind::cast).toList();
  }
}
