package io.refmesh.chaos.fault;

import io.refmesh.chaos.mesh.GroupMesh;
import java.io.IOException;

/** The control plane is gone. */
final class ControlPlaneFault implements Fault {

  private final GroupMesh mesh;

  ControlPlaneFault(GroupMesh mesh) {
    this.mesh = mesh;
  }

  @Override
  public void begin() throws IOException, InterruptedException {
    mesh.killControlPlane();
  }

  @Override
  public void end() throws IOException, InterruptedException {
    mesh.startControlPlane();
  }
}
