package io.refmesh.shop.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** The pages that a role has. */
public final class Routes {
  private final List<Route> routes;

  public Routes(List<List<Route>> groups) {
    List<Route> all = new ArrayList<>();
    groups.forEach(all::addAll);
    routes = List.copyOf(all);
  }

  /** What a request leads to. */
  public sealed interface Found {
    /** To a page. */
    record Match(Route route, List<String> wildcards) implements Found {}

    /** To nothing: 404 or 405. */
    record None(Answer answer) implements Found {}
  }

  public Found find(String method, String path) {
    List<String> segments = Route.segments(path);
    TreeSet<String> allowed = new TreeSet<>();
    for (Route route : routes) {
      Optional<List<String>> wildcards = route.wildcards(segments);
      if (wildcards.isPresent()) {
        if (route.takes(method)) {
          return new Found.Match(route, wildcards.get());
        }
        allowed.addAll(route.methods());
      }
    }
    return new Found.None(
        allowed.isEmpty()
            ? Answer.error(404, "no such page: " + path)
            : Answer.wrongMethod(String.join(", ", allowed)));
  }
}
