package io.refmesh.cli.rotate;

import java.util.List;

/** What a rotation does next. */
public sealed interface Step {

  /** There is no rotation, or no more. */
  record None() implements Step {}

  /** The new root is trusted beside the old. */
  record TrustBoth() implements Step {}

  /**
   * These pods get the roots of today in the annotation that their sidecars start with.
   *
   * @param workloads {@code namespace/pod}
   */
  record Tell(List<String> workloads) implements Step {
    public Tell {
      workloads = List.copyOf(workloads);
    }
  }

  /** Certificates are signed under the new root. */
  record SwitchIssuer() implements Step {}

  /** The old root is trusted no longer. */
  record DropOld() implements Step {}

  /** What was prepared is put away. */
  record Finish() implements Step {}

  /** Somebody would be cut off by what comes next, or is not known not to be. */
  record Wait(List<Blocker> blockers) implements Step {
    public Wait {
      blockers = List.copyOf(blockers);
    }
  }

  /**
   * @param workload that it may be left behind by force; the control plane may not
   */
  record Blocker(String who, String why, boolean workload) {
    @Override
    public String toString() {
      return who + " " + why;
    }
  }
}
