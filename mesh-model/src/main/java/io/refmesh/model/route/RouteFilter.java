package io.refmesh.model.route;

import io.refmesh.model.discovery.ServicePort;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a rule does to a request or its answer besides routing it (Gateway API HTTPRouteFilter). */
public sealed interface RouteFilter {

  /** Names are lower case. */
  record RequestHeaders(Map<String, String> set, Map<String, String> add, List<String> remove)
      implements RouteFilter {
    public RequestHeaders {
      set = Map.copyOf(set);
      add = Map.copyOf(add);
      remove = List.copyOf(remove);
    }
  }

  /** Names are lower case. */
  record ResponseHeaders(Map<String, String> set, Map<String, String> add, List<String> remove)
      implements RouteFilter {
    public ResponseHeaders {
      set = Map.copyOf(set);
      add = Map.copyOf(add);
      remove = List.copyOf(remove);
    }
  }

  /** Answers with a redirect; nothing is called. */
  record Redirect(
      Optional<String> scheme,
      Optional<String> hostname,
      Optional<Integer> port,
      Optional<PathChange> path,
      int status)
      implements RouteFilter {}

  record Rewrite(Optional<String> hostname, Optional<PathChange> path) implements RouteFilter {}

  /**
   * Sends a copy of so many requests to another backend; what that answers is dropped.
   *
   * @param exists false when the route names a service or port that is not there: nothing is copied
   * @param numerator out of {@code denominator} requests
   */
  record Mirror(ServicePort backend, boolean exists, int numerator, int denominator)
      implements RouteFilter {
    public Mirror {
      if (numerator < 0 || denominator < 1 || numerator > denominator) {
        throw new IllegalArgumentException(
            "mirror: "
                + numerator
                + " of "
                + denominator
                + " requests (expected: 0 up to as many as there are)");
      }
    }
  }

  /** A new path: whole, or in place of the prefix that the rule matched. */
  record PathChange(boolean wholePath, String value) {}
}
