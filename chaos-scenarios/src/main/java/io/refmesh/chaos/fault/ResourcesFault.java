package io.refmesh.chaos.fault;

import io.refmesh.chaos.scenario.MeshResource;
import java.io.IOException;
import java.util.List;

/** Objects that appear in the mesh's folder and go again. */
final class ResourcesFault implements Fault {

  private final String id;
  private final List<MeshResource> resources;
  private final MeshFolder folder;

  ResourcesFault(String id, List<MeshResource> resources, MeshFolder folder) {
    this.id = id;
    this.resources = List.copyOf(resources);
    this.folder = folder;
  }

  @Override
  public void begin() throws IOException {
    folder.put("fault-" + id, resources);
  }

  @Override
  public void end() throws IOException {
    folder.put("fault-" + id, List.of());
  }
}
