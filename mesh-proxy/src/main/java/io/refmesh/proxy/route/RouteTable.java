package io.refmesh.proxy.route;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.refmesh.model.route.Hostnames;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.proxy.http.RequestHead;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The rules of a destination, compiled: says which one a request falls under. Pure and immutable.
 */
public final class RouteTable {

  private record Compiled(RouteRule rule, Predicate<RequestHead> matches) {}

  /** More parameters than anyone sends; a query with more of them matches no rule on its query. */
  private static final int QUERY_PARAMETERS_MAX = 1024;

  private final List<Compiled> rules;

  /**
   * @param rules in order of precedence
   * @throws IllegalArgumentException when a regular expression cannot be read
   */
  public RouteTable(List<RouteRule> rules) {
    this.rules = rules.stream().map(rule -> new Compiled(rule, matcher(rule))).toList();
  }

  public List<RouteRule> rules() {
    return rules.stream().map(Compiled::rule).toList();
  }

  /** Index of the first rule that the request falls under; -1 if there is none. */
  public int match(RequestHead request) {
    for (int i = 0; i < rules.size(); i++) {
      if (rules.get(i).matches.test(request)) {
        return i;
      }
    }
    return -1;
  }

  private static Predicate<RequestHead> matcher(RouteRule rule) {
    HttpMatch match = rule.match();
    Predicate<RequestHead> matches = path(rule.name(), match.path());
    if (!match.method().isEmpty()) {
      matches = matches.and(request -> request.method().equals(match.method()));
    }
    if (!rule.hostnames().isEmpty()) {
      matches = hostnames(rule.hostnames()).and(matches);
    }
    for (HttpMatch.HeaderMatch header : match.headers()) {
      matches = matches.and(header(rule.name(), header));
    }
    if (!match.query().isEmpty()) {
      matches = matches.and(query(rule.name(), match.query()));
    }
    return matches;
  }

  private static Predicate<RequestHead> path(String rule, PathMatch path) {
    return switch (path) {
      case PathMatch.Exact(String exact) -> request -> request.pathOnly().equals(exact);
      case PathMatch.Prefix(String prefix) -> {
        String elements = withoutTrailingSlash(prefix);
        yield elements.isEmpty()
            ? request -> true
            : request -> startsWithElements(request.path(), elements);
      }
      case PathMatch.Regex(String pattern) -> {
        Pattern compiled = compile(rule, pattern);
        yield request -> compiled.matcher(request.pathOnly()).matches();
      }
    };
  }

  /** Whether the path, up to its query, is {@code prefix} or continues it with a slash. */
  private static boolean startsWithElements(String path, String prefix) {
    if (!path.startsWith(prefix)) {
      return false;
    }
    if (path.length() == prefix.length()) {
      return true;
    }
    char next = path.charAt(prefix.length());
    return next == '/' || next == '?';
  }

  private static Predicate<RequestHead> hostnames(List<String> hostnames) {
    return request -> {
      String host = host(request.authority());
      for (String hostname : hostnames) {
        if (Hostnames.matches(hostname, host)) {
          return true;
        }
      }
      return false;
    };
  }

  private static Predicate<RequestHead> header(String rule, HttpMatch.HeaderMatch header) {
    Predicate<CharSequence> value = value(rule, header.value(), header.regex());
    if (header.name().equals("host") || header.name().equals(":authority")) {
      return request -> value.test(request.authority());
    }
    return request -> {
      for (CharSequence given : request.headers().getAll(header.name())) {
        if (value.test(given)) {
          return true;
        }
      }
      return false;
    };
  }

  /** Of a parameter that is given several times the first counts, as Gateway API says. */
  private static Predicate<RequestHead> query(String rule, List<HttpMatch.QueryMatch> matches) {
    List<Map.Entry<String, Predicate<CharSequence>>> compiled =
        matches.stream()
            .map(match -> Map.entry(match.name(), value(rule, match.value(), match.regex())))
            .toList();
    return request -> {
      Map<String, List<String>> parameters;
      try {
        parameters =
            QueryStringDecoder.builder()
                .maxParams(QUERY_PARAMETERS_MAX)
                .build(request.path())
                .parameters();
      } catch (IllegalArgumentException e) {
        // Not decodable, so it has no parameter that a rule could name.
        return false;
      }
      for (Map.Entry<String, Predicate<CharSequence>> match : compiled) {
        List<String> given = parameters.get(match.getKey());
        if (given == null || !match.getValue().test(given.getFirst())) {
          return false;
        }
      }
      return true;
    };
  }

  private static Predicate<CharSequence> value(String rule, String expected, boolean regex) {
    if (regex) {
      Pattern compiled = compile(rule, expected);
      return given -> compiled.matcher(given).matches();
    }
    return expected::contentEquals;
  }

  private static Pattern compile(String rule, String pattern) {
    try {
      return Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "rule " + rule + ": " + pattern + " (expected: a Java regular expression)", e);
    }
  }

  /** The name in an authority, lower case, without its port. */
  static String host(String authority) {
    int colon = authority.lastIndexOf(':');
    boolean hasPort = colon >= 0 && authority.indexOf(']', colon) < 0;
    return (hasPort ? authority.substring(0, colon) : authority).toLowerCase(Locale.ROOT);
  }

  static String withoutTrailingSlash(String prefix) {
    return prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
  }
}
