package io.refmesh.control.registry;

import io.refmesh.model.route.RouteFilter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads a GRPCRoute. */
final class GrpcRouteReader {

  // After the grammar of gRPC's names in Gateway API.
  private static final Pattern SERVICE =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*");
  private static final Pattern METHOD = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private GrpcRouteReader() {}

  static GrpcRoute read(Metadata metadata, Origin origin, Fields spec) {
    List<ParentRef> parents = ParentRef.read(metadata, spec);
    List<String> hostnames = HttpRouteReader.hostnames(spec);
    List<HttpRoute.Rule> rules = new ArrayList<>();
    List<List<GrpcRoute.Match>> matches = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Fields fields : HttpRouteReader.rules(spec)) {
      List<GrpcRoute.Match> given = new ArrayList<>();
      for (Fields match : HttpRouteReader.matches(fields)) {
        given.add(match(match));
      }
      matches.add(given);
      rules.add(
          new HttpRoute.Rule(
              HttpRouteReader.ruleName(fields, names),
              given.stream().map(GrpcRoute.Match::toHttp).toList(),
              filters(metadata, fields),
              backends(metadata, fields),
              Optional.empty(),
              Optional.empty(),
              Optional.empty()));
    }
    return new GrpcRoute(metadata, origin, parents, hostnames, rules, matches);
  }

  private static List<RouteFilter> filters(Metadata metadata, Fields rule) {
    List<RouteFilter> filters = new ArrayList<>();
    for (Fields filter : rule.objects("filters")) {
      RouteFilters.read(metadata, filter, RouteFilters.Place.GRPC_RULE).ifPresent(filters::add);
    }
    return filters;
  }

  private static List<BackendRef> backends(Metadata metadata, Fields rule) {
    List<BackendRef> backends = new ArrayList<>();
    for (Fields backend : rule.objects("backendRefs")) {
      BackendRef reference = BackendRef.read(metadata, backend);
      List<RouteFilter> own = new ArrayList<>();
      for (Fields filter : backend.objects("filters")) {
        RouteFilters.read(metadata, filter, RouteFilters.Place.GRPC_BACKEND).ifPresent(own::add);
      }
      backends.add(reference.withFilters(own));
    }
    return backends;
  }

  private static GrpcRoute.Match match(Fields fields) {
    Fields method = fields.object("method");
    boolean regex =
        method
            .oneOf("type", "Exact", "RegularExpression")
            .orElse("Exact")
            .equals("RegularExpression");
    String service = name(method, "service", SERVICE, regex);
    String called = name(method, "method", METHOD, regex);
    if (fields.has("method") && service.isEmpty() && called.isEmpty()) {
      method.problem("says neither service nor method (expected: one of them or both)");
    }
    return new GrpcRoute.Match(service, called, regex, HttpRouteReader.headers(fields));
  }

  private static String name(Fields fields, String field, Pattern allowed, boolean regex) {
    String name = fields.text(field).orElse("");
    if (regex && !name.isEmpty()) {
      return HttpRouteReader.regex(fields, field, name);
    }
    if (!name.isEmpty() && !allowed.matcher(name).matches()) {
      fields.problem(
          field,
          "\""
              + Words.shortened(name)
              + "\" (expected: a name as in a .proto file, "
              + (field.equals("service") ? "such as shop.v1.Cart" : "such as GetItem")
              + ")");
    }
    return name;
  }
}
