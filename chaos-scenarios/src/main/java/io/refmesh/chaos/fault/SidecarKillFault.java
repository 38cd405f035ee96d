package io.refmesh.chaos.fault;

import io.refmesh.chaos.mesh.GroupMesh;
import java.io.IOException;
import java.util.List;

/** Sidecars are killed once; the mesh starts them again. */
final class SidecarKillFault implements Fault {

  private final GroupMesh mesh;
  private final List<String> instances;

  SidecarKillFault(GroupMesh mesh, List<String> instances) {
    this.mesh = mesh;
    this.instances = List.copyOf(instances);
  }

  @Override
  public void begin() throws IOException, InterruptedException {
    for (String instance : instances) {
      mesh.killSidecar(instance);
    }
  }

  @Override
  public void end() {
    // Nothing to undo: the mesh starts them again by itself.
  }
}
