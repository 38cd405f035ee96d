package io.refmesh.cli.rotate;

import io.refmesh.cli.rotate.Seen.Holding;
import io.refmesh.cli.rotate.Seen.Next;
import io.refmesh.cli.rotate.Seen.Replica;
import io.refmesh.cli.rotate.Seen.Webhook;
import io.refmesh.cli.rotate.Seen.Workload;
import io.refmesh.cli.rotate.Step.Blocker;
import io.refmesh.model.identity.RootName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Decides how a rotation goes on, from what is seen alone: where it stands is what the objects say,
 * so there is nothing else to lose in a crash.
 *
 * <pre>
 * PREPARED ──▶ DISTRIBUTING ──▶ SWITCHED ──▶ DROPPING ──▶ NONE
 *   new root      all trust       all leaves    all dropped
 *   is made       both            are new       the old
 * </pre>
 */
public final class Rotation {

  /**
   * A pod that is being injected while the roots change has those of before. The API server waits
   * for a webhook for at most ten seconds.
   */
  static final Duration SETTLED = Duration.ofSeconds(15);

  private Rotation() {}

  /** How far it is. */
  public enum Phase {
    /** No rotation is under way. */
    NONE,
    /** The new root is made; nobody trusts it yet. */
    PREPARED,
    /** Both roots are handed out; the old issuer signs. */
    DISTRIBUTING,
    /** The new issuer signs; certificates under the old root are replaced. */
    SWITCHED,
    /** The old root is taken back. */
    DROPPING
  }

  public static Phase phase(Seen seen) {
    if (seen.next().isEmpty()) {
      return Phase.NONE;
    }
    Next next = seen.next().get();
    if (!seen.roots().contains(next.root())) {
      return Phase.PREPARED;
    }
    if (!seen.issuerRoot().equals(next.root())) {
      return Phase.DISTRIBUTING;
    }
    return containsAny(seen.roots(), next.old()) ? Phase.SWITCHED : Phase.DROPPING;
  }

  /** What a rotation that begins now would wait for in vain, as far as can be seen. */
  public static List<Blocker> obstacles(Seen seen) {
    List<Blocker> blockers = unheard(seen);
    for (Workload workload : seen.workloads()) {
      if (unknown(workload)) {
        blockers.add(unknown(workload, "what it trusts"));
      }
    }
    return blockers;
  }

  /**
   * @param force that workloads are left behind
   */
  public static Step next(Seen seen, boolean force) {
    Phase phase = phase(seen);
    switch (phase) {
      case NONE -> {
        return new Step.None();
      }
      case PREPARED -> {
        return new Step.TrustBoth();
      }
      case DISTRIBUTING, SWITCHED, DROPPING -> {
        List<String> stale =
            seen.workloads().stream()
                .filter(workload ->
                    workload.bootstrap().isPresent()
                        && !workload.bootstrap().get().equals(seen.roots()))
                .map(Workload::name)
                .toList();
        if (!stale.isEmpty()) {
          return new Step.Tell(stale);
        }
      }
    }
    Next next = seen.next().orElseThrow();
    List<Blocker> blockers =
        switch (phase) {
          case DISTRIBUTING -> notTrusting(seen, next.root());
          case SWITCHED -> notRenewed(seen, next.root());
          default -> notDropped(seen, next.old());
        };
    if (blockers.stream().anyMatch(blocker -> !force || !blocker.workload())) {
      return new Step.Wait(blockers);
    }
    return switch (phase) {
      case DISTRIBUTING -> new Step.SwitchIssuer();
      case SWITCHED -> new Step.DropOld();
      default -> new Step.Finish();
    };
  }

  private static List<Blocker> notTrusting(Seen seen, RootName root) {
    List<Blocker> blockers = unheard(seen);
    for (Replica replica : heard(seen)) {
      if (!replica.roots().contains(root)) {
        blockers.add(control(replica.name(), "does not trust the new root yet"));
      } else if (replica.settled().compareTo(SETTLED) < 0) {
        blockers.add(
            control(
                replica.name(),
                "trusts the new root for less than "
                    + SETTLED.toSeconds()
                    + " s (until then a pod may still be injected without it)"));
      }
    }
    for (Webhook webhook : seen.believed()) {
      if (!webhook.roots().contains(root)) {
        blockers.add(control(webhook.name(), "has no caBundle with the new root yet"));
      }
    }
    for (Workload workload : seen.workloads()) {
      if (unknown(workload)) {
        blockers.add(unknown(workload, "whether it trusts the new root"));
      } else if (workload.holdings().stream()
          .anyMatch(holding -> !holding.roots().contains(root))) {
        blockers.add(workload(workload, "does not trust the new root yet"));
      }
    }
    return blockers;
  }

  private static List<Blocker> notRenewed(Seen seen, RootName root) {
    List<Blocker> blockers = unheard(seen);
    for (Replica replica : heard(seen)) {
      if (!replica.leafRoot().equals(root)) {
        blockers.add(control(replica.name(), "signs under the old root yet"));
      } else if (!replica.own().equals(Set.of(root))) {
        blockers.add(control(replica.name(), "has a certificate of its own under the old root"));
      }
    }
    for (Workload workload : seen.workloads()) {
      if (unknown(workload)) {
        blockers.add(unknown(workload, "under which root its certificate stands"));
        continue;
      }
      for (Holding holding : workload.holdings()) {
        if (!holding.leafRoot().equals(root) && holding.leafNotAfter().isAfter(seen.now())) {
          blockers.add(
              workload(
                  workload,
                  "holds a certificate under the old root until " + holding.leafNotAfter()));
          break;
        }
      }
    }
    return blockers;
  }

  /** Nobody is cut off any more; but it is not over before it is so everywhere. */
  private static List<Blocker> notDropped(Seen seen, Set<RootName> old) {
    List<Blocker> blockers = unheard(seen);
    for (Replica replica : heard(seen)) {
      if (containsAny(replica.roots(), old)) {
        blockers.add(control(replica.name(), "trusts the old root yet"));
      }
    }
    for (Webhook webhook : seen.believed()) {
      if (containsAny(webhook.roots(), old)) {
        blockers.add(control(webhook.name(), "has the old root in its caBundle yet"));
      }
    }
    for (Workload workload : seen.workloads()) {
      if (workload.holdings().stream().anyMatch(holding -> containsAny(holding.roots(), old))) {
        blockers.add(workload(workload, "trusts the old root yet"));
      }
    }
    return blockers;
  }

  private static List<Blocker> unheard(Seen seen) {
    List<Blocker> blockers = new ArrayList<>();
    if (seen.replicas().isEmpty()) {
      blockers.add(control("control plane", "does not run (expected: at least one replica)"));
    }
    for (Replica replica : seen.replicas()) {
      if (!replica.unheard().isEmpty()) {
        blockers.add(control(replica.name(), "cannot be asked: " + replica.unheard()));
      }
    }
    return blockers;
  }

  private static List<Replica> heard(Seen seen) {
    return seen.replicas().stream().filter(replica -> replica.unheard().isEmpty()).toList();
  }

  /** It may hold a certificate, and nobody can say which. */
  private static boolean unknown(Workload workload) {
    return workload.silent() || (workload.started() && workload.holdings().isEmpty());
  }

  private static Blocker unknown(Workload workload, String what) {
    return workload(
        workload,
        workload.silent()
            ? "has a sidecar of an older version, which does not tell "
                + what
                + " (expected: a restart of it after the upgrade)"
            : "is not connected to the control plane, so nobody knows " + what);
  }

  private static Blocker control(String who, String why) {
    return new Blocker(who, why, false);
  }

  private static Blocker workload(Workload who, String why) {
    return new Blocker(who.name(), why, true);
  }

  private static boolean containsAny(Set<RootName> all, Set<RootName> some) {
    return some.stream().anyMatch(all::contains);
  }
}
