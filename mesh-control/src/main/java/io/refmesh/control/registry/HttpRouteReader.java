package io.refmesh.control.registry;

import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.HeaderMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.HttpMatch.QueryMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteFilter.PathChange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
    List<HttpRoute.ParentRef> parents = new ArrayList<>();
    for (Fields parent : spec.objects("parentRefs")) {
      service(parent, "parent of a route in a mesh");
      // A Service's port may be named twice over: by number, and by its name as a section.
      parent.ignore("sectionName");
      parents.add(
          new HttpRoute.ParentRef(
              parent.text("namespace").orElse(metadata.namespace()),
              parent.requiredText("name", "the Service's name"),
              parent.integer("port", 1, 65_535).orElse(0)));
    }
    if (parents.isEmpty()) {
      spec.missing(
          "parentRefs", "at least one Service, such as [{kind: Service, name: cart, port: 8080}]");
    }
    List<String> hostnames =
        spec.parsedList("hostnames", spec.texts("hostnames"), HttpRouteReader::hostname);
    List<HttpRoute.Rule> rules = new ArrayList<>();
    Set<String> names = new HashSet<>();
    List<Fields> items = spec.objects("rules");
    if (items.size() > RULES_MAX) {
      spec.problem(
          "rules", items.size() + " rules (expected: at most " + RULES_MAX + "; split the route)");
    }
    for (Fields fields : items) {
      HttpRoute.Rule rule = rule(metadata, fields);
      if (!rule.name().isEmpty() && !names.add(rule.name())) {
        fields.problem("name", "\"" + rule.name() + "\" is given twice (expected: each name once)");
      }
      rules.add(rule);
    }
    if (rules.isEmpty()) {
      spec.missing("rules", "at least one rule");
    }
    return new HttpRoute(metadata, origin, parents, hostnames, rules);
  }

  private static HttpRoute.Rule rule(Metadata metadata, Fields fields) {
    String name = fields.text("name").orElse("");
    List<HttpMatch> matches = new ArrayList<>();
    for (Fields match : fields.objects("matches")) {
      matches.add(match(match));
    }
    if (matches.size() > MATCHES_MAX) {
      fields.problem(
          "matches", matches.size() + " matches (expected: at most " + MATCHES_MAX + ")");
    }
    List<RouteFilter> filters = new ArrayList<>();
    for (Fields filter : fields.objects("filters")) {
      filter(filter).ifPresent(filters::add);
    }
    List<HttpRoute.BackendRef> backends = new ArrayList<>();
    for (Fields backend : fields.objects("backendRefs")) {
      service(backend, "backend");
      if (backend.has("filters")) {
        backend.problem(
            "filters",
            "filters of one backend are not served by this version (expected: filters of the rule)");
      }
      backends.add(
          new HttpRoute.BackendRef(
              backend.text("namespace").orElse(metadata.namespace()),
              backend.requiredText("name", "the Service's name"),
              backend.requiredInteger("port", 1, 65_535),
              backend.integer("weight", 0, 1_000_000).orElse(1)));
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
            case "RegularExpression" -> new PathMatch.Regex(regex(pathFields, value));
            default -> new PathMatch.Prefix(absolute(pathFields, value));
          };
    }
    String method =
        fields
            .oneOf(
                "method", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE",
                "PATCH")
            .orElse("");
    List<HeaderMatch> headers = new ArrayList<>();
    for (Fields header : fields.objects("headers")) {
      boolean regex =
          header
              .oneOf("type", "Exact", "RegularExpression")
              .orElse("Exact")
              .equals("RegularExpression");
      String name = header.requiredText("name", "a header's name").toLowerCase(Locale.ROOT);
      String value = header.requiredText("value", "the value the header must have");
      headers.add(new HeaderMatch(name, regex ? regex(header, value) : value, regex));
    }
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
              regex ? regex(parameter, value) : value,
              regex));
    }
    return new HttpMatch(path, method, headers, query);
  }

  private static Optional<RouteFilter> filter(Fields fields) {
    String type =
        fields.requiredText(
            "type", "RequestHeaderModifier, ResponseHeaderModifier, RequestRedirect or URLRewrite");
    return switch (type) {
      case "RequestHeaderModifier" -> {
        Headers headers = headers(required(fields, "requestHeaderModifier"));
        yield Optional.of(new RouteFilter.RequestHeaders(headers.set, headers.add, headers.remove));
      }
      case "ResponseHeaderModifier" -> {
        Headers headers = headers(required(fields, "responseHeaderModifier"));
        yield Optional.of(
            new RouteFilter.ResponseHeaders(headers.set, headers.add, headers.remove));
      }
      case "RequestRedirect" -> {
        Fields redirect = required(fields, "requestRedirect");
        int status = redirect.integer("statusCode", 301, 308).orElse(302);
        if (!List.of(301, 302, 303, 307, 308).contains(status)) {
          redirect.problem("statusCode", status + " (expected: 301, 302, 303, 307 or 308)");
        }
        yield Optional.of(
            new RouteFilter.Redirect(
                redirect.oneOf("scheme", "http", "https"),
                redirect.parsed("hostname", HttpRouteReader::hostname),
                redirect.integer("port", 1, 65_535),
                path(redirect),
                status));
      }
      case "URLRewrite" -> {
        Fields rewrite = required(fields, "urlRewrite");
        yield Optional.of(
            new RouteFilter.Rewrite(
                rewrite.parsed("hostname", HttpRouteReader::hostname), path(rewrite)));
      }
      case "" -> Optional.empty();
      default -> {
        fields.ignore("requestMirror", "cors", "extensionRef", "externalAuth");
        fields.problem(
            "type",
            "\""
                + Words.shortened(type)
                + "\" is not served by this version (expected: RequestHeaderModifier, ResponseHeaderModifier, RequestRedirect or"
                + " URLRewrite)");
        yield Optional.empty();
      }
    };
  }

  private static Fields required(Fields fields, String name) {
    if (!fields.has(name)) {
      fields.missing(name, "what the filter does");
    }
    return fields.object(name);
  }

  private static Optional<PathChange> path(Fields fields) {
    if (!fields.has("path")) {
      return Optional.empty();
    }
    Fields path = fields.object("path");
    String type = path.requiredText("type", "ReplaceFullPath or ReplacePrefixMatch");
    return switch (type) {
      case "ReplaceFullPath" ->
          Optional.of(
              new PathChange(
                  true,
                  path.text("replaceFullPath").orElseGet(() -> absent(path, "replaceFullPath"))));
      case "ReplacePrefixMatch" ->
          Optional.of(
              new PathChange(
                  false,
                  path.text("replacePrefixMatch")
                      .orElseGet(() -> absent(path, "replacePrefixMatch"))));
      default -> {
        path.ignore("replaceFullPath", "replacePrefixMatch");
        if (!type.isEmpty()) {
          path.problem(
              "type",
              "\""
                  + Words.shortened(type)
                  + "\" (expected: ReplaceFullPath or ReplacePrefixMatch)");
        }
        yield Optional.empty();
      }
    };
  }

  private static String absent(Fields path, String name) {
    if (!path.has(name)) {
      path.missing(name, "the new path");
    }
    return "/";
  }

  private record Headers(Map<String, String> set, Map<String, String> add, List<String> remove) {}

  private static Headers headers(Fields fields) {
    return new Headers(
        namedValues(fields, "set"),
        namedValues(fields, "add"),
        fields.texts("remove").stream().map(name -> name.toLowerCase(Locale.ROOT)).toList());
  }

  private static Map<String, String> namedValues(Fields fields, String name) {
    Map<String, String> values = new LinkedHashMap<>();
    for (Fields header : fields.objects(name)) {
      String headerName = header.requiredText("name", "a header's name").toLowerCase(Locale.ROOT);
      if (headerName.startsWith("x-mesh-") || headerName.equals("x-forwarded-client-cert")) {
        header.problem(
            "name", "\"" + headerName + "\" (expected: a header that is not the mesh's own)");
      }
      if (values.put(headerName, header.requiredText("value", "the header's value")) != null) {
        header.problem(
            "name", "\"" + headerName + "\" is given twice (expected: each header once)");
      }
    }
    return values;
  }

  private static void service(Fields reference, String what) {
    reference
        .text("kind")
        .filter(kind -> !kind.equals("Service"))
        .ifPresent(kind ->
            reference.problem(
                "kind", "\"" + kind + "\" (expected: Service, the only " + what + ")"));
    reference
        .text("group")
        .filter(group -> !group.isEmpty() && !group.equals("core"))
        .ifPresent(group ->
            reference.problem("group", "\"" + group + "\" (expected: \"\", the group of Service)"));
    if (what.startsWith("parent") && !reference.has("kind")) {
      reference.missing("kind", "Service; Gateway API reads an absent kind as Gateway");
    }
  }

  private static String hostname(String text) {
    if (!HOSTNAME.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "\""
              + Words.shortened(text)
              + "\" (expected: a host name in lower case, which may begin with *.)");
    }
    return text;
  }

  private static String absolute(Fields path, String value) {
    if (!value.startsWith("/")) {
      path.problem(
          "value", "\"" + Words.shortened(value) + "\" (expected: a path that begins with /)");
    }
    return value;
  }

  private static String regex(Fields fields, String value) {
    try {
      return Pattern.compile(value).pattern();
    } catch (PatternSyntaxException e) {
      fields.problem(
          "value",
          "\""
              + Words.shortened(value)
              + "\" (expected: a regular expression; "
              + e.getDescription()
              + ")");
      return value;
    }
  }
}
