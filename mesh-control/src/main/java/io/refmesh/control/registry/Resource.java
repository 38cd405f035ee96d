package io.refmesh.control.registry;

import java.util.Comparator;

/** One object that a user wrote, read and checked. */
public sealed interface Resource
    permits AuthorizationPolicy,
        Detour,
        EgressPolicy,
        FaultPolicy,
        MeshConfig,
        Namespace,
        RateLimitPolicy,
        ResiliencePolicy,
        Route,
        Service,
        Workload {

  /**
   * Oldest first: by creation time where there is one, then by place; the name decides between
   * objects that are of one second or were read at the same place.
   */
  Comparator<Resource> BY_AGE =
      Comparator.comparing((Resource resource) -> resource.metadata().created())
          .thenComparing(Resource::origin)
          .thenComparing(resource -> resource.metadata().qualifiedName());

  Metadata metadata();

  Origin origin();

  /** As written in YAML. */
  String kind();

  /** {@code Kind namespace/name}, as in problems. */
  default String object() {
    return kind() + " " + metadata().qualifiedName();
  }

  /** A problem with this object that showed only beside others. */
  default Problem problem(String field, String message) {
    return new Problem(origin().file(), origin().line(), 1, object(), field, message);
  }
}
