package io.refmesh.chaos.cluster;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What to run, on which cluster.
 *
 * @param home of a checkout, for the manifests of the harness
 * @param scenarios names of the catalogue; none: all that make sense on a cluster
 * @param seed of everything random; empty: a fresh one
 * @param out folder for reports on this machine, one sub-folder a run
 * @param kind name of a kind cluster that is there
 * @param kubeconfig of any cluster that is there
 * @param nodes of the cluster that is made when neither is given
 * @param version of the images
 * @param definitions manifests of the kinds of the mesh
 * @param controlPlane the other manifests of an installation
 */
public record ClusterOptions(
    Path home,
    List<String> scenarios,
    Optional<Long> seed,
    Path out,
    Optional<String> kind,
    Optional<Path> kubeconfig,
    int nodes,
    String version,
    String definitions,
    String controlPlane) {

  /** What one engine of one machine carries. */
  public static final int NODES_MOST = 3;

  public ClusterOptions {
    scenarios = List.copyOf(scenarios);
  }
}
