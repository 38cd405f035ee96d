package io.refmesh.chaos.observe;

import java.util.List;

/**
 * Where a stream of requests goes.
 *
 * @param service {@code namespace/name} that is called
 * @param workloads those behind it
 */
public record LoadTarget(String stream, String service, List<String> workloads) {

  public LoadTarget {
    workloads = List.copyOf(workloads);
  }
}
