package io.refmesh.control.state;

import io.refmesh.control.registry.Detour;
import io.refmesh.control.registry.TargetRef;
import io.refmesh.model.discovery.HostPort;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * When each Detour ends, counted from when its content was first seen: writing the same file again
 * does not prolong it, changing it does. Confined to the writer thread.
 */
public final class DetourLeases {

  // Where an object stands in a file is no part of its content.
  private record Content(
      String name,
      List<TargetRef> targetRefs,
      List<Integer> endpoints,
      HostPort via,
      Duration expiresAfter) {
    static Content of(Detour detour) {
      return new Content(
          detour.metadata().qualifiedName(),
          detour.targetRefs(),
          detour.endpoints(),
          detour.via(),
          detour.expiresAfter());
    }
  }

  private final Map<Content, Instant> ends = new HashMap<>();

  /** Takes what is there now: new content begins its lease, what is gone is forgotten. */
  public void update(Collection<Detour> detours, Instant now) {
    Set<Content> present = new HashSet<>();
    for (Detour detour : detours) {
      Content content = Content.of(detour);
      present.add(content);
      ends.putIfAbsent(content, now.plus(detour.expiresAfter()));
    }
    ends.keySet().retainAll(present);
  }

  public boolean active(Detour detour, Instant now) {
    Instant end = ends.get(Content.of(detour));
    return end != null && now.isBefore(end);
  }

  /** The next moment at which a Detour ends. */
  public Optional<Instant> next(Instant now) {
    return ends.values().stream().filter(now::isBefore).min(Instant::compareTo);
  }
}
