package io.refmesh.control.state;

import io.refmesh.control.registry.Expiring;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * When each object that ends by itself does so, counted from when its content was first seen:
 * writing the same file again does not prolong it, changing it does. Confined to the writer thread.
 */
public final class Leases {

  private final Map<Object, Instant> ends = new HashMap<>();

  /** Takes what is there now: new content begins its lease, what is gone is forgotten. */
  public void update(Collection<? extends Expiring> objects, Instant now) {
    Set<Object> present = new HashSet<>();
    for (Expiring object : objects) {
      Object content = object.content();
      present.add(content);
      ends.putIfAbsent(content, now.plus(object.expiresAfter()));
    }
    ends.keySet().retainAll(present);
  }

  /** When it ends; empty when it has. */
  public Optional<Instant> end(Expiring object, Instant now) {
    return Optional.ofNullable(ends.get(object.content())).filter(now::isBefore);
  }

  /** The next moment at which an object ends. */
  public Optional<Instant> next(Instant now) {
    return ends.values().stream().filter(now::isBefore).min(Instant::compareTo);
  }
}
