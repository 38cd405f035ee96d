package io.refmesh.proxy.admin;

import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.route.ConnectionRule;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.proxy.control.DestinationState;
import io.refmesh.proxy.endpoint.EndpointHealth;
import io.refmesh.proxy.endpoint.EndpointRegistry.EndpointSnapshot;
import io.refmesh.proxy.resilience.ConcurrencyLimit;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * {@link ConfigDump} as JSON. Durations are in milliseconds and say so; what is absent is left out.
 */
final class ConfigPage {

  private ConfigPage() {}

  static String write(ConfigDump dump) {
    Map<String, Object> page = new LinkedHashMap<>();
    page.put("workload", workload(dump.workload()));
    page.put("identity", dump.identity().uri());
    page.put("ready", dump.notReady().isEmpty());
    page.put("notReady", dump.notReady());
    dump.certificate().ifPresent(certificate -> page.put("certificate", certificate(certificate)));
    page.put("controlPlane", Map.of("connected", dump.controlConnected()));
    page.put("listeners", dump.listeners().stream().map(ConfigPage::listener).toList());
    dump.inbound().ifPresent(inbound -> page.put("inbound", inbound(inbound)));
    dump.egress().ifPresent(egress -> page.put("egress", PolicyPage.egress(egress)));
    page.put("destinations", destinations(dump));
    page.put("limits", dump.limits().entrySet().stream().map(ConfigPage::limit).toList());
    return Json.write(page);
  }

  private static Map<String, Object> workload(ConfigDump.Workload workload) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("namespace", workload.namespace());
    json.put("name", workload.name());
    json.put("replica", workload.replica());
    json.put("zone", workload.zone());
    return json;
  }

  private static Map<String, Object> certificate(WorkloadCertificate certificate) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("serial", certificate.serial());
    json.put("notBefore", certificate.notBefore().toString());
    json.put("notAfter", certificate.notAfter().toString());
    json.put(
        "trustRoots",
        certificate.roots().stream().map(root -> root.getSerialNumber().toString(16)).toList());
    return json;
  }

  private static Map<String, Object> listener(ConfigDump.Listener listener) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("direction", listener.direction());
    json.put("address", listener.address());
    json.put("leadsTo", listener.leadsTo());
    json.put("protocol", listener.protocol());
    json.put("bound", listener.problem().isEmpty());
    putText(json, "problem", listener.problem());
    return json;
  }

  private static Map<String, Object> inbound(InboundPolicy policy) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("defaultPolicy", policy.defaultPolicy().text());
    json.put("trustDomain", policy.trustDomain());
    json.put("ports", policy.ports().stream().map(ConfigPage::port).toList());
    if (!policy.probes().isEmpty()) {
      json.put(
          "probes", policy.probes().stream().map(probe -> probe.port() + probe.path()).toList());
    }
    return json;
  }

  private static Map<String, Object> port(InboundPolicy.Port port) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("port", port.port());
    json.put("protocol", lower(port.protocol()));
    putText(json, "service", port.service());
    json.put(
        "authorizations", port.authorizations().stream().map(ConfigPage::authorization).toList());
    port.rateLimit().ifPresent(limit -> json.put("rateLimit", PolicyPage.rateLimit(limit)));
    port.faults().ifPresent(faults -> json.put("faults", PolicyPage.faults(faults)));
    return json;
  }

  private static Map<String, Object> authorization(Authorization authorization) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", authorization.name());
    json.put("action", authorization.action());
    json.put("rules", authorization.rules().stream().map(ConfigPage::rule).toList());
    return json;
  }

  private static Map<String, Object> rule(Authorization.Rule rule) {
    Map<String, Object> json = new LinkedHashMap<>();
    List<Map<String, Object>> from = new ArrayList<>();
    for (Authorization.Source source : rule.from()) {
      Map<String, Object> one = new LinkedHashMap<>();
      putList(one, "identities", source.identities());
      putList(one, "networks", source.networks().stream().map(PolicyPage::network).toList());
      from.add(one);
    }
    putList(json, "from", from);
    List<Map<String, Object>> to = new ArrayList<>();
    for (Authorization.Target target : rule.to()) {
      Map<String, Object> one = new LinkedHashMap<>();
      putList(one, "ports", target.ports());
      putList(one, "methods", target.methods());
      putList(one, "paths", target.paths());
      putList(
          one, "headers", target.headers().stream().map(h -> h.name() + ": " + h.value()).toList());
      to.add(one);
    }
    putList(json, "to", to);
    return json;
  }

  private static Map<String, Object> limit(
      Map.Entry<ServicePort, ConcurrencyLimit.Snapshot> entry) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("backend", entry.getKey());
    json.put("inFlight", entry.getValue().inFlight());
    json.put("limit", entry.getValue().limit());
    json.put("adaptive", entry.getValue().adaptive());
    if (entry.getValue().baseNanos() > 0) {
      json.put("unloadedMicros", entry.getValue().baseNanos() / 1000);
    }
    return json;
  }

  private static List<Map<String, Object>> destinations(ConfigDump dump) {
    Map<ServicePort, Map<String, EndpointSnapshot>> learned = new TreeMap<>();
    for (EndpointSnapshot endpoint : dump.endpoints()) {
      learned
          .computeIfAbsent(endpoint.backend(), backend -> new TreeMap<>())
          .put(endpoint.address().toString(), endpoint);
    }
    List<Map<String, Object>> list = new ArrayList<>();
    new TreeMap<>(dump.destinations())
        .forEach((service, state) -> {
          Map<String, Object> json = new LinkedHashMap<>();
          json.put("service", service);
          json.put("version", state.version());
          switch (state) {
            case DestinationState.NotFound(long version, String reason) ->
                json.put("notFound", reason);
            case DestinationState.Known(long version, Destination destination) ->
                destination(json, destination, learned);
          }
          list.add(json);
        });
    return list;
  }

  private static void destination(
      Map<String, Object> json,
      Destination destination,
      Map<ServicePort, Map<String, EndpointSnapshot>> learned) {
    json.put("protocol", lower(destination.protocol()));
    json.put("rules", destination.rules().stream().map(ConfigPage::rule).toList());
    putList(
        json,
        "connectionRules",
        destination.connectionRules().stream().map(ConfigPage::rule).toList());
    json.put(
        "backends",
        destination.backends().values().stream()
            .sorted(Comparator.comparing(Backend::id))
            .map(backend -> backend(backend, learned.getOrDefault(backend.id(), Map.of())))
            .toList());
  }

  private static Map<String, Object> rule(RouteRule rule) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", rule.name());
    putList(json, "hostnames", rule.hostnames());
    json.put("match", match(rule.match()));
    putList(json, "filters", rule.filters().stream().map(ConfigPage::filter).toList());
    json.put("backends", rule.backends().stream().map(ConfigPage::backend).toList());
    Map<String, Object> timeouts = new LinkedHashMap<>();
    putMillis(timeouts, "requestMillis", rule.timeouts().request());
    putMillis(timeouts, "perTryMillis", rule.timeouts().perTry());
    putMillis(timeouts, "idleMillis", rule.timeouts().idle());
    json.put("timeouts", timeouts);
    rule.retry().ifPresent(retry -> json.put("retry", retry(retry)));
    rule.faults().ifPresent(faults -> json.put("faults", PolicyPage.faults(faults)));
    return json;
  }

  private static Map<String, Object> backend(WeightedBackend backend) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("backend", backend.backend());
    json.put("weight", backend.weight());
    json.put("exists", backend.exists());
    putList(json, "filters", backend.filters().stream().map(ConfigPage::filter).toList());
    return json;
  }

  private static Map<String, Object> rule(ConnectionRule rule) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", rule.name());
    json.put("tls", rule.tls());
    putList(json, "hostnames", rule.hostnames());
    json.put("backends", rule.backends().stream().map(ConfigPage::backend).toList());
    return json;
  }

  private static Map<String, Object> match(HttpMatch match) {
    Map<String, Object> json = new LinkedHashMap<>();
    switch (match.path()) {
      case PathMatch.Exact(String path) -> json.put("path", path);
      case PathMatch.Prefix(String path) -> json.put("pathPrefix", path);
      case PathMatch.Regex(String pattern) -> json.put("pathRegex", pattern);
    }
    putText(json, "method", match.method());
    putList(
        json,
        "headers",
        match.headers().stream().map(h -> value(h.name(), h.value(), h.regex())).toList());
    putList(
        json,
        "query",
        match.query().stream().map(q -> value(q.name(), q.value(), q.regex())).toList());
    return json;
  }

  private static Map<String, Object> value(String name, String value, boolean regex) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", name);
    json.put(regex ? "regex" : "value", value);
    return json;
  }

  private static Map<String, Object> filter(RouteFilter filter) {
    Map<String, Object> json = new LinkedHashMap<>();
    switch (filter) {
      case RouteFilter.RequestHeaders(var set, var add, var remove) -> {
        json.put("type", "RequestHeaderModifier");
        headers(json, set, add, remove);
      }
      case RouteFilter.ResponseHeaders(var set, var add, var remove) -> {
        json.put("type", "ResponseHeaderModifier");
        headers(json, set, add, remove);
      }
      case RouteFilter.Redirect(var scheme, var hostname, var port, var path, int status) -> {
        json.put("type", "RequestRedirect");
        scheme.ifPresent(text -> json.put("scheme", text));
        hostname.ifPresent(text -> json.put("hostname", text));
        port.ifPresent(number -> json.put("port", number));
        path.ifPresent(change -> path(json, change));
        json.put("status", status);
      }
      case RouteFilter.Rewrite(var hostname, var path) -> {
        json.put("type", "URLRewrite");
        hostname.ifPresent(text -> json.put("hostname", text));
        path.ifPresent(change -> path(json, change));
      }
      case RouteFilter.Mirror(var backend, boolean exists, int numerator, int denominator) -> {
        json.put("type", "RequestMirror");
        json.put("backend", backend);
        json.put("exists", exists);
        json.put("fraction", numerator + "/" + denominator);
      }
    }
    return json;
  }

  private static void headers(
      Map<String, Object> json,
      Map<String, String> set,
      Map<String, String> add,
      List<String> remove) {
    if (!set.isEmpty()) {
      json.put("set", new TreeMap<>(set));
    }
    if (!add.isEmpty()) {
      json.put("add", new TreeMap<>(add));
    }
    putList(json, "remove", remove);
  }

  private static void path(Map<String, Object> json, RouteFilter.PathChange change) {
    json.put(change.wholePath() ? "replaceFullPath" : "replacePrefixMatch", change.value());
  }

  private static Map<String, Object> retry(RetrySettings retry) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("attempts", retry.attempts());
    json.put("on", retry.on().stream().map(RetryCondition::text).toList());
    json.put("nonIdempotent", retry.nonIdempotent());
    putMillis(json, "backoffBaseMillis", retry.backoffBase());
    putMillis(json, "backoffMaxMillis", retry.backoffMax());
    json.put("bodyLimitBytes", retry.bodyLimitBytes());
    json.put("budgetPercent", retry.budget().percent());
    json.put("budgetMinPerSecond", retry.budget().minPerSecond());
    putMillis(json, "budgetWindowMillis", retry.budget().window());
    return json;
  }

  private static Map<String, Object> backend(
      Backend backend, Map<String, EndpointSnapshot> learned) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("backend", backend.id());
    json.put("protocol", lower(backend.protocol()));
    json.put("settings", settings(backend.settings()));
    json.put(
        "endpoints",
        backend.endpoints().stream()
            .map(
                spec -> endpoint(spec, Optional.ofNullable(learned.get(spec.address().toString()))))
            .toList());
    return json;
  }

  private static Map<String, Object> settings(BackendSettings settings) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("algorithm", lower(settings.balancer().algorithm()));
    if (settings.balancer().algorithm() == BackendSettings.Algorithm.RING_HASH) {
      switch (settings.balancer().hash()) {
        case BackendSettings.Hash.Header(String name) -> json.put("hashHeader", name);
        case BackendSettings.Hash.Cookie(String name) -> json.put("hashCookie", name);
        case BackendSettings.Hash.Source source -> json.put("hashSource", true);
      }
    }
    putMillis(json, "slowStartMillis", settings.balancer().slowStart());
    json.put("preferZone", settings.balancer().preferZone());
    BackendSettings.Ejection ejection = settings.ejection();
    Map<String, Object> eject = new LinkedHashMap<>();
    eject.put("consecutiveFailures", ejection.consecutiveFailures());
    eject.put("successPercent", ejection.successPercent());
    putMillis(eject, "successWindowMillis", ejection.successWindow());
    eject.put("successMinRequests", ejection.successMinRequests());
    putMillis(eject, "backoffBaseMillis", ejection.backoffBase());
    putMillis(eject, "backoffMaxMillis", ejection.backoffMax());
    eject.put("jitterPercent", ejection.jitterPercent());
    eject.put("maxEjectedPercent", ejection.maxEjectedPercent());
    json.put("ejection", eject);
    Map<String, Object> limits = new LinkedHashMap<>();
    limits.put("inFlight", settings.limits().inFlight());
    limits.put("adaptive", settings.limits().adaptive());
    limits.put("connections", settings.limits().connections());
    limits.put("pending", settings.limits().pending());
    json.put("limits", limits);
    putMillis(json, "connectTimeoutMillis", settings.connectTimeout());
    return json;
  }

  private static Map<String, Object> endpoint(
      EndpointSpec spec, Optional<EndpointSnapshot> learned) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("address", spec.address());
    if (!spec.dial().equals(spec.address())) {
      json.put("dial", spec.dial());
    }
    putText(json, "identity", spec.identity().map(SpiffeId::uri).orElse(""));
    putText(json, "zone", spec.zone());
    json.put("weight", spec.weight());
    json.put("ready", spec.ready());
    json.put("workload", spec.workload());
    json.put("replica", spec.replica());
    learned.ifPresent(snapshot -> {
      json.put("pending", snapshot.pending());
      putMillis(json, "latencyMillis", snapshot.latency());
      json.put("health", health(snapshot.health()));
    });
    return json;
  }

  private static Map<String, Object> health(EndpointHealth.Snapshot health) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("state", health.state().text());
    putText(json, "reason", health.reason());
    health.nextProbe().ifPresent(wait -> putMillis(json, "nextProbeMillis", wait));
    json.put("consecutiveFailures", health.consecutiveFailures());
    json.put("successPercent", health.successPercent());
    json.put("requestsInWindow", health.requestsInWindow());
    return json;
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static void putMillis(Map<String, Object> json, String name, Duration duration) {
    json.put(name, duration.toMillis());
  }

  private static void putText(Map<String, Object> json, String name, String text) {
    if (!text.isEmpty()) {
      json.put(name, text);
    }
  }

  private static void putList(Map<String, Object> json, String name, List<?> list) {
    if (!list.isEmpty()) {
      json.put(name, list);
    }
  }
}
