package io.refmesh.control.registry;

import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.HeaderMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Gateway API's GRPCRoute with Services as parents. A call is a request whose path is service and
 * method, so its rules are those of an HTTPRoute with other matches.
 *
 * @param matches of each rule as they were written, for the order of precedence; parallel to the
 *     matches of {@code rules}
 */
public record GrpcRoute(
    Metadata metadata,
    Origin origin,
    List<ParentRef> parentRefs,
    List<String> hostnames,
    List<HttpRoute.Rule> rules,
    List<List<Match>> matches)
    implements RequestRoute {

  public GrpcRoute {
    parentRefs = List.copyOf(parentRefs);
    hostnames = List.copyOf(hostnames);
    rules = List.copyOf(rules);
    matches = List.copyOf(matches);
  }

  @Override
  public String kind() {
    return "GRPCRoute";
  }

  /**
   * @param service empty for any
   * @param method empty for any
   * @param regex whether both are regular expressions
   */
  public record Match(String service, String method, boolean regex, List<HeaderMatch> headers) {

    private static final String ANY = "[^/]+";

    public Match {
      headers = List.copyOf(headers);
    }

    HttpMatch toHttp() {
      return new HttpMatch(path(), "", headers, List.of());
    }

    private PathMatch path() {
      if (service.isEmpty() && method.isEmpty()) {
        return new PathMatch.Prefix("/");
      }
      if (regex) {
        return new PathMatch.Regex("/" + group(service) + "/" + group(method));
      }
      if (service.isEmpty()) {
        return new PathMatch.Regex("/" + ANY + "/" + Pattern.quote(method));
      }
      return method.isEmpty()
          ? new PathMatch.Prefix("/" + service)
          : new PathMatch.Exact("/" + service + "/" + method);
    }

    private static String group(String pattern) {
      return pattern.isEmpty() ? ANY : "(?:" + pattern + ")";
    }
  }
}
