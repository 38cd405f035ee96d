package io.refmesh.chaos.scenario;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Something that is broken on purpose during the middle window.
 *
 * @param at how long after the window begins
 * @param lasting how long; empty: until the window ends
 * @param ttl when it ends at the latest, whatever becomes of the run
 */
public record FaultPlan(
    String id, Duration at, Optional<Duration> lasting, Duration ttl, Action action) {

  /** What is done. */
  public sealed interface Action {}

  /**
   * A toxic on a hop.
   *
   * @param existingOnly only the connections that are open when it begins
   */
  public record Toxic(
      String hop, String type, String stream, Map<String, Long> attributes, boolean existingOnly)
      implements Action {
    public Toxic {
      attributes = Map.copyOf(attributes);
    }
  }

  /** Rules of the shop's behaviour, as its admin port takes them. */
  public record Behaviour(Target target, List<@Nullable Object> rules) implements Action {
    public Behaviour {
      rules = java.util.Collections.unmodifiableList(new java.util.ArrayList<>(rules));
    }
  }

  /** Objects in the mesh's folder. */
  public record Resources(List<MeshResource> resources) implements Action {
    public Resources {
      resources = List.copyOf(resources);
    }
  }

  /** The control plane is killed and stays away. */
  public record ControlPlaneAway() implements Action {}

  /** The sidecars of the target are killed once; they are started again as after a crash. */
  public record SidecarKill(Target target) implements Action {}

  /**
   * Every instance of a workload is replaced, one after the other; the window lasts until that is
   * done.
   *
   * @param drain false: the old instance is killed without a word
   */
  public record Restart(String workload, boolean drain) implements Action {}

  /**
   * Attempts to get in, over and over.
   *
   * @param perSecond attempts
   */
  public record Intrusion(Intruder intruder, String workload, int port, int perSecond)
      implements Action {}

  /** Who tries to get in. */
  public enum Intruder {
    PLAINTEXT("plaintext"),
    FOREIGN_CA("foreign-ca"),
    EXPIRED_LEAF("expired-leaf");

    private final String text;

    Intruder(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }

  /**
   * Instances.
   *
   * @param count so many of them, drawn by the seed; empty: all
   */
  public record Target(List<String> workloads, Optional<Integer> count) {
    public Target {
      workloads = List.copyOf(workloads);
    }
  }
}
