package io.refmesh.control.kubernetes;

import java.nio.file.Path;

/** How the API server is reached, and as whom. */
public sealed interface ClusterAccess {

  /** As a pod: by the address that every pod is told, as the pod's service account. */
  record InCluster(String host, int port, Path account) implements ClusterAccess {}

  /** As a person or a test: by a kubeconfig's current context. */
  record Kubeconfig(Path file) implements ClusterAccess {}
}
