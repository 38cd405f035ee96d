package io.refmesh.chaos.fault;

import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.scenario.MeshResource;
import java.io.IOException;
import java.util.List;

/** Objects that appear among the mesh's resources and go again. */
final class ResourcesFault implements Fault {

  private final String id;
  private final List<MeshResource> resources;
  private final GroupMesh mesh;

  ResourcesFault(String id, List<MeshResource> resources, GroupMesh mesh) {
    this.id = id;
    this.resources = List.copyOf(resources);
    this.mesh = mesh;
  }

  @Override
  public void begin() throws IOException, InterruptedException {
    mesh.put("fault-" + id, resources);
  }

  @Override
  public void end() throws IOException, InterruptedException {
    mesh.put("fault-" + id, List.of());
  }
}
