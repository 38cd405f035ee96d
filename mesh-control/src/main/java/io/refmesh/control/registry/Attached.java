package io.refmesh.control.registry;

import java.util.List;
import java.util.Map;

/** A policy that attaches to workloads, by label or by what leads to them. */
public interface Attached {

  List<TargetRef> targetRefs();

  /** Labels of workloads; empty when the policy attaches otherwise. */
  Map<String, String> selector();

  /** The only port that it is about; 0 for all. */
  int port();
}
