package io.refmesh.control.registry;

import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteFilter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Gateway API's HTTPRoute with Services as parents. */
public record HttpRoute(
    Metadata metadata,
    Origin origin,
    List<ParentRef> parentRefs,
    List<String> hostnames,
    List<Rule> rules)
    implements RequestRoute {

  public HttpRoute {
    parentRefs = List.copyOf(parentRefs);
    hostnames = List.copyOf(hostnames);
    rules = List.copyOf(rules);
  }

  @Override
  public String kind() {
    return "HTTPRoute";
  }

  /**
   * @param name empty when not given
   */
  public record Rule(
      String name,
      List<HttpMatch> matches,
      List<RouteFilter> filters,
      List<BackendRef> backendRefs,
      Optional<Duration> requestTimeout,
      Optional<Duration> backendRequestTimeout,
      Optional<Retry> retry) {

    public Rule {
      matches = List.copyOf(matches);
      filters = List.copyOf(filters);
      backendRefs = List.copyOf(backendRefs);
    }
  }

  /**
   * @param codes statuses to retry; connection failures are retried besides
   */
  public record Retry(List<Integer> codes, Optional<Integer> attempts, Optional<Duration> backoff) {
    public Retry {
      codes = List.copyOf(codes);
    }
  }
}
