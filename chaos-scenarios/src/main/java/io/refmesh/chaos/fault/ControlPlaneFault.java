package io.refmesh.chaos.fault;

import io.refmesh.local.LocalMesh;
import java.io.IOException;

/** The control plane is gone. */
final class ControlPlaneFault implements Fault {

  private final LocalMesh mesh;

  ControlPlaneFault(LocalMesh mesh) {
    this.mesh = mesh;
  }

  @Override
  public void begin() {
    mesh.killControlPlane();
  }

  @Override
  public void end() throws IOException, InterruptedException {
    mesh.startControlPlane();
  }
}
