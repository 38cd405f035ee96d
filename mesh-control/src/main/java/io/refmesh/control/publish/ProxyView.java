package io.refmesh.control.publish;

import java.util.List;

/**
 * What one connected proxy has been told and has applied, for people and programs.
 *
 * @param verified whether the workload it names is one that runs, with its identity
 */
public record ProxyView(
    String namespace,
    String workload,
    int replica,
    String identity,
    boolean verified,
    String connectedSince,
    List<Resource> resources) {

  public ProxyView {
    resources = List.copyOf(resources);
  }

  /**
   * @param sent newest version sent; 0 for none
   * @param applied newest version it acknowledged; 0 for none
   * @param refused newest version it refused; 0 for none
   * @param reason why; empty once a later version was applied
   */
  public record Resource(String resource, long sent, long applied, long refused, String reason) {}
}
