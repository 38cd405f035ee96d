package io.refmesh.chaos.fault;

import io.refmesh.local.LocalMesh;
import java.util.List;

/** Sidecars are killed once; the mesh starts them again. */
final class SidecarKillFault implements Fault {

  private final LocalMesh mesh;
  private final List<String> instances;

  SidecarKillFault(LocalMesh mesh, List<String> instances) {
    this.mesh = mesh;
    this.instances = List.copyOf(instances);
  }

  @Override
  public void begin() {
    instances.forEach(mesh::killSidecar);
  }

  @Override
  public void end() {
    // Nothing to undo: the mesh starts them again by itself.
  }
}
