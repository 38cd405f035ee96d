package io.refmesh.control.publish;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one connected proxy has been told and has applied, for people and programs.
 *
 * @param verified whether the workload it names is one that runs, with its identity
 * @param holding null when it has not said; proxies of older versions never do
 */
public record ProxyView(
    String namespace,
    String workload,
    int replica,
    String identity,
    boolean verified,
    String connectedSince,
    @Nullable Holding holding,
    List<Resource> resources) {

  public ProxyView {
    resources = List.copyOf(resources);
  }

  /**
   * What it proves and believes now. Roots by the SHA-256 of their DER.
   *
   * @param leafRoot under which its certificate stands; empty for none that it trusts
   */
  public record Holding(String leafRoot, String leafNotAfter, List<String> roots) {
    public Holding {
      roots = List.copyOf(roots);
    }
  }

  /**
   * @param sent newest version sent; 0 for none
   * @param applied newest version it acknowledged; 0 for none
   * @param refused newest version it refused; 0 for none
   * @param reason why; empty once a later version was applied
   */
  public record Resource(String resource, long sent, long applied, long refused, String reason) {}
}
