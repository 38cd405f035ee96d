package io.refmesh.local;

import io.refmesh.control.registry.MeshConfig;
import java.util.List;

/**
 * What the folder asks for, as far as processes are concerned.
 *
 * @param services {@code namespace/name}
 * @param sidecars settings of every sidecar that says nothing else
 * @param problems one sentence each, with file and line
 */
record FolderView(
    List<Replica> replicas,
    List<String> services,
    String trustDomain,
    String clusterDomain,
    MeshConfig.Proxy sidecars,
    List<String> problems) {

  FolderView {
    replicas = List.copyOf(replicas);
    services = List.copyOf(services);
    problems = List.copyOf(problems);
  }
}
