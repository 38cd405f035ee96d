package io.refmesh.proxy.route;

import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter.PathChange;

/** A change of path, compiled for the match that it belongs to. Pure. */
final class PathRewrite {

  private final PathChange change;
  private final String prefix;

  /**
   * @param match the rule's: a change of prefix replaces what it matched
   */
  PathRewrite(PathChange change, PathMatch match) {
    this.change = change;
    prefix =
        switch (match) {
          case PathMatch.Prefix(String matched) -> RouteTable.withoutTrailingSlash(matched);
          case PathMatch.Exact(String exact) -> exact;
          case PathMatch.Regex regex -> "";
        };
  }

  /**
   * @param path with its query, which is kept
   */
  String apply(String path) {
    int queryAt = path.indexOf('?');
    String query = queryAt < 0 ? "" : path.substring(queryAt);
    String before = queryAt < 0 ? path : path.substring(0, queryAt);
    if (change.wholePath()) {
      return change.value() + query;
    }
    String rest = before.startsWith(prefix) ? before.substring(prefix.length()) : before;
    String replaced = RouteTable.withoutTrailingSlash(change.value()) + rest;
    return (replaced.startsWith("/") ? replaced : "/" + replaced) + query;
  }
}
