package io.refmesh.control.build;

import io.refmesh.control.registry.GrpcRoute;
import io.refmesh.control.registry.HttpRoute;
import io.refmesh.control.registry.RequestRoute;
import io.refmesh.control.registry.Resource;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The order in which the rules of a service's routes are tried. After HTTPRoute of Gateway API: the
 * more specific host name, then path, method, number of headers, number of query parameters; after
 * GRPCRoute: host name, length of the service's name, of the method's, number of headers; then for
 * both the older route, then the earlier rule.
 */
final class RouteRules {

  /** One match of one rule for one host name; {@code hostname} is empty for any. */
  record Candidate(
      RequestRoute route, int ruleIndex, int matchIndex, String hostname, HttpMatch match) {
    HttpRoute.Rule rule() {
      return route.rules().get(ruleIndex);
    }

    /** As in logs and metrics. */
    String name() {
      return route.metadata().qualifiedName() + "/" + ruleIndex;
    }

    private int service() {
      GrpcRoute.Match match = maybeGrpc();
      return match == null ? 0 : match.service().length();
    }

    private int method() {
      GrpcRoute.Match match = maybeGrpc();
      return match == null ? 0 : match.method().length();
    }

    /** Null for the one match of a rule that gives none. */
    private GrpcRoute.@Nullable Match maybeGrpc() {
      if (route instanceof GrpcRoute grpc && matchIndex < grpc.matches().get(ruleIndex).size()) {
        return grpc.matches().get(ruleIndex).get(matchIndex);
      }
      return null;
    }
  }

  private static final Comparator<Candidate> BY_HOSTNAME =
      Comparator.comparingInt((Candidate c) -> hostnameRank(c.hostname))
          .thenComparingInt(c -> -c.hostname.length());

  private static final Comparator<Candidate> BY_AGE =
      Comparator.comparing(Candidate::route, Resource.BY_AGE)
          .thenComparingInt(Candidate::ruleIndex)
          .thenComparingInt(Candidate::matchIndex);

  static final Comparator<Candidate> PRECEDENCE =
      BY_HOSTNAME
          .thenComparingInt(c -> pathRank(c.match.path()))
          .thenComparingInt(c -> -pathLength(c.match.path()))
          .thenComparingInt(c -> c.match.method().isEmpty() ? 1 : 0)
          .thenComparingInt(c -> -c.match.headers().size())
          .thenComparingInt(c -> -c.match.query().size())
          .thenComparing(BY_AGE);

  static final Comparator<Candidate> GRPC_PRECEDENCE =
      BY_HOSTNAME
          .thenComparingInt(c -> -c.service())
          .thenComparingInt(c -> -c.method())
          .thenComparingInt(c -> -c.match.headers().size())
          .thenComparing(BY_AGE);

  private RouteRules() {}

  /**
   * Every match of every rule, in order of precedence.
   *
   * @param routes all of one kind
   */
  static List<Candidate> inOrder(List<RequestRoute> routes) {
    List<Candidate> candidates = new ArrayList<>();
    for (RequestRoute route : routes) {
      List<String> hostnames = route.hostnames().isEmpty() ? List.of("") : route.hostnames();
      for (int rule = 0; rule < route.rules().size(); rule++) {
        List<HttpMatch> given = route.rules().get(rule).matches();
        List<HttpMatch> matches = given.isEmpty() ? List.of(HttpMatch.ANY) : given;
        for (int match = 0; match < matches.size(); match++) {
          for (String hostname : hostnames) {
            candidates.add(new Candidate(route, rule, match, hostname, matches.get(match)));
          }
        }
      }
    }
    boolean grpc = routes.stream().anyMatch(GrpcRoute.class::isInstance);
    candidates.sort(grpc ? GRPC_PRECEDENCE : PRECEDENCE);
    return candidates;
  }

  private static int hostnameRank(String hostname) {
    if (hostname.isEmpty()) {
      return 2;
    }
    return hostname.startsWith("*.") ? 1 : 0;
  }

  private static int pathRank(PathMatch path) {
    return switch (path) {
      case PathMatch.Exact exact -> 0;
      case PathMatch.Regex regex -> 1;
      case PathMatch.Prefix prefix -> 2;
    };
  }

  private static int pathLength(PathMatch path) {
    return switch (path) {
      case PathMatch.Exact(String text) -> text.length();
      case PathMatch.Regex(String text) -> text.length();
      case PathMatch.Prefix(String text) -> text.length();
    };
  }
}
