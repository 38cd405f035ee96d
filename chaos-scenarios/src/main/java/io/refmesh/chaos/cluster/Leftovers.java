package io.refmesh.chaos.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** What runs that were killed left in Docker, and what this one would leave. */
final class Leftovers {

  private static final String KIND_CLUSTER = "io.x-k8s.kind.cluster";

  private Leftovers() {}

  /** Removes what belongs to processes of this machine that are gone; tells what it was. */
  static List<String> sweep(Engine engine) throws IOException {
    return remove(engine, Owner::gone);
  }

  /** Removes what belongs to one owner, whoever else might still use it. */
  static List<String> of(Owner owner, Engine engine) throws IOException {
    return remove(engine, owner::equals);
  }

  private static List<String> remove(Engine engine, Predicate<Owner> whose) throws IOException {
    List<String> removed = new ArrayList<>();
    for (Engine.Container container : engine.containers()) {
      // Nodes of the kind command are called after their cluster.
      String name = container.labels().getOrDefault(KIND_CLUSTER, container.name());
      if (Owner.in(name).filter(whose).isPresent()) {
        engine.remove(container);
        removed.add(container.name());
      }
    }
    for (String volume : engine.volumes()) {
      if (Owner.in(volume).filter(whose).isPresent()) {
        engine.removeVolume(volume);
        removed.add("volume " + volume);
      }
    }
    return removed;
  }
}
