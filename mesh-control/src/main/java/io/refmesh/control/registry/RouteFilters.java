package io.refmesh.control.registry;

import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteFilter.PathChange;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads the filters of routes. */
final class RouteFilters {

  /** Where a filter stands; it decides which kinds have a meaning. */
  enum Place {
    HTTP_RULE(true, true),
    HTTP_BACKEND(true, false),
    GRPC_RULE(false, true),
    GRPC_BACKEND(false, false);

    private final boolean http;
    private final boolean rule;

    Place(boolean http, boolean rule) {
      this.http = http;
      this.rule = rule;
    }

    private String expected() {
      return (http
              ? "RequestHeaderModifier, ResponseHeaderModifier, RequestRedirect, URLRewrite"
              : "RequestHeaderModifier, ResponseHeaderModifier")
          + (rule ? " or RequestMirror" : "");
    }
  }

  private static final int PERCENT = 100;

  private RouteFilters() {}

  static Optional<RouteFilter> read(Metadata metadata, Fields fields, Place place) {
    String type = fields.requiredText("type", place.expected());
    boolean known =
        switch (type) {
          case "RequestHeaderModifier", "ResponseHeaderModifier", "" -> true;
          case "RequestRedirect", "URLRewrite" -> place.http;
          case "RequestMirror" -> place.rule;
          default -> false;
        };
    if (!known) {
      fields.ignore(
          "requestMirror", "cors", "extensionRef", "externalAuth", "requestRedirect", "urlRewrite");
      fields.problem(
          "type",
          "\""
              + Words.shortened(type)
              + "\" is not served here (expected: "
              + place.expected()
              + ")");
      return Optional.empty();
    }
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
      case "RequestMirror" -> Optional.of(mirror(metadata, required(fields, "requestMirror")));
      default -> Optional.empty();
    };
  }

  private static RouteFilter mirror(Metadata metadata, Fields mirror) {
    BackendRef backend = BackendRef.read(metadata, required(mirror, "backendRef"));
    Optional<Integer> percent = mirror.integer("percent", 0, PERCENT);
    int numerator = percent.orElse(PERCENT);
    int denominator = PERCENT;
    if (mirror.has("fraction")) {
      if (percent.isPresent()) {
        mirror.problem("fraction", "is given beside percent (expected: one of the two)");
      }
      Fields fraction = mirror.object("fraction");
      numerator = fraction.requiredInteger("numerator", 0, Integer.MAX_VALUE);
      denominator = fraction.integer("denominator", 1, Integer.MAX_VALUE).orElse(PERCENT);
      if (numerator > denominator) {
        fraction.problem(
            "numerator", numerator + " (expected: at most the denominator, " + denominator + ")");
        numerator = denominator;
      }
    }
    return new RouteFilter.Mirror(
        new ServicePort(backend.namespace(), backend.name(), Math.max(1, backend.port())),
        false,
        numerator,
        denominator);
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
}
