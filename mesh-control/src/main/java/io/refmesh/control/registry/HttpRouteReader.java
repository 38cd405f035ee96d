package io.refmesh.control.registry;

import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.HeaderMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.HttpMatch.QueryMatch;
import io.refmesh.model.route.RouteFilter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Reads an HTTPRoute. */
final class HttpRouteReader {

  private static final Duration DAY = Duration.ofHours(24);
  private static final Pattern HOSTNAME =
      Pattern.compile("(\\*\\.)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");
  // Gateway API's bounds on lists; they also bound what a proxy has to compare per request.
  private static final int RULES_MAX = 16;
  private static final int MATCHES_MAX = 64;

  private HttpRouteReader() {}

  static HttpRoute read(Metadata metadata, Origin origin, Fields spec) {
    List<ParentRef> parents = ParentRef.read(metadata, spec);
    List<String> hostnames = hostnames(spec);
    List<HttpRoute.Rule> rules = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Fields fields : rules(spec)) {
      rules.add(rule(metadata, fields, names));
    }
    return new HttpRoute(metadata, origin, parents, hostnames, rules);
  }

  // -- what routes of several kinds share

  static List<String> hostnames(Fields spec) {
    return spec.parsedList("hostnames", spec.texts("hostnames"), HttpRouteReader::hostname);
  }

  static List<Fields> rules(Fields spec) {
    List<Fields> rules = spec.objects("rules");
    if (rules.size() > RULES_MAX) {
      spec.problem(
          "rules", rules.size() + " rules (expected: at most " + RULES_MAX + "; split the route)");
    }
    if (rules.isEmpty()) {
      spec.missing("rules", "at least one rule");
    }
    return rules;
  }

  /**
   * @param names of the rules before
   */
  static String ruleName(Fields rule, Set<String> names) {
    String name = rule.text("name").orElse("");
    if (!name.isEmpty() && !names.add(name)) {
      rule.problem("name", "\"" + name + "\" is given twice (expected: each name once)");
    }
    return name;
  }

  static List<Fields> matches(Fields rule) {
    List<Fields> matches = rule.objects("matches");
    if (matches.size() > MATCHES_MAX) {
      rule.problem("matches", matches.size() + " matches (expected: at most " + MATCHES_MAX + ")");
    }
    return matches;
  }

  static List<HeaderMatch> headers(Fields match) {
    List<HeaderMatch> headers = new ArrayList<>();
    for (Fields header : match.objects("headers")) {
      boolean regex =
          header
              .oneOf("type", "Exact", "RegularExpression")
              .orElse("Exact")
              .equals("RegularExpression");
      String name = header.requiredText("name", "a header's name").toLowerCase(Locale.ROOT);
      String value = header.requiredText("value", "the value the header must have");
      headers.add(new HeaderMatch(name, regex ? regex(header, "value", value) : value, regex));
    }
    return headers;
  }

  static String regex(Fields fields, String field, String value) {
    try {
      return Pattern.compile(value).pattern();
    } catch (PatternSyntaxException e) {
      fields.problem(
          field,
          "\""
              + Words.shortened(value)
              + "\" (expected: a regular expression; "
              + e.getDescription()
              + ")");
      return value;
    }
  }

  static String hostname(String text) {
    if (!HOSTNAME.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "\""
              + Words.shortened(text)
              + "\" (expected: a host name in lower case, which may begin with *.)");
    }
    return text;
  }

  private static HttpRoute.Rule rule(Metadata metadata, Fields fields, Set<String> names) {
    String name = ruleName(fields, names);
    List<HttpMatch> matches = new ArrayList<>();
    for (Fields match : matches(fields)) {
      matches.add(match(match));
    }
    List<RouteFilter> filters = new ArrayList<>();
    for (Fields filter : fields.objects("filters")) {
      RouteFilters.read(metadata, filter, RouteFilters.Place.HTTP_RULE).ifPresent(filters::add);
    }
    List<BackendRef> backends = new ArrayList<>();
    for (Fields backend : fields.objects("backendRefs")) {
      BackendRef reference = BackendRef.read(metadata, backend);
      List<RouteFilter> own = new ArrayList<>();
      for (Fields filter : backend.objects("filters")) {
        RouteFilters.read(metadata, filter, RouteFilters.Place.HTTP_BACKEND).ifPresent(own::add);
      }
      backends.add(reference.withFilters(own));
    }
    boolean redirects = filters.stream().anyMatch(RouteFilter.Redirect.class::isInstance);
    if (redirects && !backends.isEmpty()) {
      fields.problem("backendRefs", "are given beside a redirect (expected: one of the two)");
    }
    Fields timeouts = fields.object("timeouts");
    Optional<Duration> request = timeouts.duration("request", Duration.ZERO, DAY);
    Optional<Duration> backendRequest = timeouts.duration("backendRequest", Duration.ZERO, DAY);
    if (request.isPresent()
        && backendRequest.isPresent()
        && !request.get().isZero()
        && backendRequest.get().compareTo(request.get()) > 0) {
      timeouts.problem(
          "backendRequest",
          Quantities.text(backendRequest.get())
              + " (expected: at most request, which is "
              + Quantities.text(request.get())
              + ")");
    }
    return new HttpRoute.Rule(
        name, matches, filters, backends, request, backendRequest, retry(fields));
  }

  private static Optional<HttpRoute.Retry> retry(Fields rule) {
    if (!rule.has("retry")) {
      return Optional.empty();
    }
    Fields retry = rule.object("retry");
    return Optional.of(
        new HttpRoute.Retry(
            retry.integers("codes", 400, 599),
            retry.integer("attempts", 0, 20),
            retry.duration("backoff", Duration.ZERO, Duration.ofHours(1))));
  }

  private static HttpMatch match(Fields fields) {
    PathMatch path = new PathMatch.Prefix("/");
    if (fields.has("path")) {
      Fields pathFields = fields.object("path");
      String type =
          pathFields.oneOf("type", "Exact", "PathPrefix", "RegularExpression").orElse("PathPrefix");
      String value = pathFields.text("value").orElse("/");
      path =
          switch (type) {
            case "Exact" -> new PathMatch.Exact(absolute(pathFields, value));
            case "RegularExpression" -> new PathMatch.Regex(regex(pathFields, "value", value));
            default -> new PathMatch.Prefix(absolute(pathFields, value));
          };
    }
    String method =
        fields
            .oneOf(
                "method", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE",
                "PATCH")
            .orElse("");
    List<HeaderMatch> headers = headers(fields);
    List<QueryMatch> query = new ArrayList<>();
    for (Fields parameter : fields.objects("queryParams")) {
      boolean regex =
          parameter
              .oneOf("type", "Exact", "RegularExpression")
              .orElse("Exact")
              .equals("RegularExpression");
      String value = parameter.requiredText("value", "the value the parameter must have");
      query.add(
          new QueryMatch(
              parameter.requiredText("name", "a parameter's name"),
              regex ? regex(parameter, "value", value) : value,
              regex));
    }
    return new HttpMatch(path, method, headers, query);
  }

  private static String absolute(Fields path, String value) {
    if (!value.startsWith("/")) {
      path.problem(
          "value", "\"" + Words.shortened(value) + "\" (expected: a path that begins with /)");
    }
    return value;
  }
}
