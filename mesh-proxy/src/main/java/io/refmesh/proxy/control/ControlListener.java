package io.refmesh.proxy.control;

import io.refmesh.model.discovery.WorkloadConfig;

/** Told of everything the control plane says about the workload itself. */
public interface ControlListener extends CertificateListener {

  /**
   * The workload's configuration, whole. Called on the control client's thread; an exception
   * refuses the version, which the control plane gets as a Nack.
   */
  void workload(WorkloadConfig config);
}
