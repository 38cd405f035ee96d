package io.refmesh.shop.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One entry of a role's table.
 *
 * @param methods empty: every method
 * @param pattern segments, {@code *} stands for any one
 */
public record Route(Set<String> methods, List<String> pattern, Nature nature, Page page) {

  /** How a route's pages are run. */
  public enum Nature {
    /** At once, on the event loop. */
    PLAIN,
    /** At once, and the request is entered in the ledger first. */
    EFFECT,
    /** On a thread of its own, because it calls other services. */
    CALLS,
    /** Both of the above. */
    EFFECT_AND_CALLS,
    /** On a thread of its own, and the body is kept to be passed on. */
    CALLS_WITH_BODY;

    public boolean effect() {
      return this == EFFECT || this == EFFECT_AND_CALLS;
    }

    public boolean calls() {
      return this == CALLS || this == EFFECT_AND_CALLS || this == CALLS_WITH_BODY;
    }

    public boolean keepsBody() {
      return this == CALLS_WITH_BODY;
    }
  }

  static Route get(String pattern, Nature nature, Page page) {
    return new Route(Set.of("GET", "HEAD"), segments(pattern), nature, page);
  }

  static Route post(String pattern, Nature nature, Page page) {
    return new Route(Set.of("POST"), segments(pattern), nature, page);
  }

  static Route any(String pattern, Page page) {
    return new Route(Set.of(), segments(pattern), Nature.PLAIN, page);
  }

  boolean takes(String method) {
    return methods.isEmpty() || methods.contains(method);
  }

  Optional<List<String>> wildcards(List<String> path) {
    if (path.size() != pattern.size()) {
      return Optional.empty();
    }
    List<String> wildcards = new ArrayList<>(1);
    for (int i = 0; i < path.size(); i++) {
      if (pattern.get(i).equals("*")) {
        wildcards.add(path.get(i));
      } else if (!pattern.get(i).equals(path.get(i))) {
        return Optional.empty();
      }
    }
    return Optional.of(wildcards);
  }

  static List<String> segments(String path) {
    return List.of(path.substring(path.startsWith("/") ? 1 : 0).split("/", -1));
  }
}
