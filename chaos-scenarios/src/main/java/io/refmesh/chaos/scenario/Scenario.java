package io.refmesh.chaos.scenario;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * One scenario: what runs, what is broken and what must hold all the same.
 *
 * @param source the YAML as it was read
 * @param story what it shows, one paragraph for people
 * @param tier the lowest environment it needs: 0 is processes on one machine
 * @param group scenarios of one group share one mesh
 * @param policies objects in the mesh's folder while the scenario runs
 */
public record Scenario(
    String source,
    String name,
    String title,
    String story,
    List<String> tags,
    int tier,
    String group,
    List<MeshResource> policies,
    List<Hop> hops,
    List<LoadStream> load,
    SteadyState steadyState,
    Windows windows,
    List<FaultPlan> faults,
    List<Expectation> expectations,
    List<Control> controls) {

  public Scenario {
    tags = List.copyOf(tags);
    policies = List.copyOf(policies);
    hops = List.copyOf(hops);
    load = List.copyOf(load);
    faults = List.copyOf(faults);
    expectations = List.copyOf(expectations);
    controls = List.copyOf(controls);
  }

  /** The scenario itself, then each negative control, in the order in which they run. */
  public List<Act> acts() {
    java.util.ArrayList<Act> acts = new java.util.ArrayList<>();
    acts.add(new Act(Act.REAL, "", policies, faults, windows, expectations, Optional.empty()));
    for (Control control : controls) {
      acts.add(
          new Act(
              control.name(),
              control.says(),
              merged(policies, control.policies(), MeshResource::key),
              merged(faults, control.faults(), FaultPlan::id),
              control.windows(),
              expectations.stream().filter(e -> control.mustFail().contains(e.id())).toList(),
              Optional.of(control)));
    }
    return List.copyOf(acts);
  }

  /**
   * {@code first} with those of the same key replaced by {@code over}, and the rest of {@code over}
   * behind.
   */
  private static <T> List<T> merged(
      List<T> first, List<T> over, java.util.function.Function<T, String> key) {
    SequencedMap<String, T> merged = new LinkedHashMap<>();
    first.forEach(item -> merged.put(key.apply(item), item));
    over.forEach(item -> merged.put(key.apply(item), item));
    return List.copyOf(merged.values());
  }
}
