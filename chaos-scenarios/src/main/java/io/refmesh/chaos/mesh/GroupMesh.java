package io.refmesh.chaos.mesh;

import io.refmesh.chaos.intruder.Forgery;
import io.refmesh.chaos.scenario.MeshResource;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;

/**
 * The mesh that the scenarios of one group share, running, and what may be done to it. Safe on any
 * thread.
 */
public interface GroupMesh extends AutoCloseable {

  /** What runs now and is not on its way out, in the order of names. */
  List<MeshInstance> running();

  /** Names of the workloads behind a service of the shop. */
  List<String> workloadsOf(String service);

  /** Waits until every instance is ready; returns also when one is not within the time there is. */
  void settle() throws IOException, InterruptedException;

  /** Makes {@code resources} the content of a layer, all at once; none: the layer goes. */
  void put(String layer, List<MeshResource> resources) throws IOException, InterruptedException;

  /**
   * As {@link #put}, and waits until it is in force: every control plane has read it, and every
   * sidecar has applied what follows from it.
   */
  void apply(String layer, List<MeshResource> resources) throws IOException, InterruptedException;

  /**
   * Starts the load and waits until the first requests are about to go out.
   *
   * @param name of the scenario
   * @param plan for the load generator
   * @param folder for its record
   */
  RunningLoad load(String name, String plan, Path folder) throws IOException, InterruptedException;

  /** Certificates of this mesh's CA, and of another. */
  Forgery forgery();

  /** Where the harness itself can listen so that sidecars reach it. */
  InetAddress harness();

  // -- what may be broken

  /** Kills the sidecar of an instance without a word; it comes back like after any crash. */
  void killSidecar(String instance) throws IOException, InterruptedException;

  /** Kills application and sidecar of an instance without a word; both come back. */
  void killInstance(String instance) throws IOException, InterruptedException;

  /** Replaces every instance of a workload in order; returns when the last old one is gone. */
  void rollingRestart(String workload) throws IOException, InterruptedException;

  /** Ends every control plane at once; none comes back until {@link #startControlPlane}. */
  void killControlPlane() throws IOException, InterruptedException;

  /** Starts the control plane again and waits until it is ready. */
  void startControlPlane() throws IOException, InterruptedException;

  /** Stops the mesh and keeps its logs. */
  @Override
  void close() throws IOException;
}
