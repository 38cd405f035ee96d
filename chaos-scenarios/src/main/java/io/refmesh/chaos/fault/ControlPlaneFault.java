package io.refmesh.chaos.fault;

import io.refmesh.chaos.mesh.MeshUnderTest;
import java.io.IOException;

/** The control plane is gone. */
final class ControlPlaneFault implements Fault {

  private final MeshUnderTest mesh;

  ControlPlaneFault(MeshUnderTest mesh) {
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
