package io.refmesh.model.route;

import java.util.List;

/** When a rule applies: all given parts must match (Gateway API HTTPRouteMatch). */
public record HttpMatch(
    PathMatch path, String method, List<HeaderMatch> headers, List<QueryMatch> query) {

  /** Matches every request. */
  public static final HttpMatch ANY =
      new HttpMatch(new PathMatch.Prefix("/"), "", List.of(), List.of());

  /**
   * @param method upper case; empty for any
   */
  public HttpMatch {
    headers = List.copyOf(headers);
    query = List.copyOf(query);
  }

  /** A match on the path of a request, without its query. */
  public sealed interface PathMatch {
    record Exact(String path) implements PathMatch {}

    /** By whole path elements: {@code /a} matches {@code /a} and {@code /a/b}, not {@code /ab}. */
    record Prefix(String path) implements PathMatch {}

    /** A Java regular expression that matches the whole path. */
    record Regex(String pattern) implements PathMatch {}
  }

  /**
   * @param name lower case
   */
  public record HeaderMatch(String name, String value, boolean regex) {}

  public record QueryMatch(String name, String value, boolean regex) {}
}
