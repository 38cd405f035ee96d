package io.refmesh.proxy.admin;

import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.Egress;
import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.Faults.Effect;
import io.refmesh.model.policy.RateLimit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The part of {@code /config} about policies that limit or break requests. */
final class PolicyPage {

  private PolicyPage() {}

  static Map<String, Object> rateLimit(RateLimit limit) {
    Map<String, Object> json = new LinkedHashMap<>();
    limit.total().ifPresent(rate -> json.put("total", rate(rate)));
    limit.perIdentity().ifPresent(rate -> json.put("perIdentity", rate(rate)));
    List<Map<String, Object>> overrides =
        limit.overrides().stream()
            .map(override -> {
              Map<String, Object> one = new LinkedHashMap<>();
              one.put("identity", override.identity());
              one.putAll(rate(override.rate()));
              return one;
            })
            .toList();
    if (!overrides.isEmpty()) {
      json.put("overrides", overrides);
    }
    return json;
  }

  static Map<String, Object> egress(Egress egress) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("policy", egress.policy());
    json.put("default", egress.allowed() ? "Allow" : "Deny");
    json.put(
        "allow",
        egress.entries().stream()
            .map(entry -> {
              Map<String, Object> one = new LinkedHashMap<>();
              one.put("name", entry.name());
              one.put("hosts", entry.hosts());
              one.put("ports", entry.ports());
              one.put("networks", entry.networks().stream().map(PolicyPage::network).toList());
              return one;
            })
            .toList());
    return json;
  }

  static String network(Authorization.Network network) {
    return network.cidr() + (network.except().isEmpty() ? "" : " except " + network.except());
  }

  static Map<String, Object> faults(Faults faults) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("policy", faults.policy());
    json.put("ends", faults.ends().toString());
    json.put("maxActive", faults.maxActive());
    json.put("faults", faults.faults().stream().map(PolicyPage::fault).toList());
    return json;
  }

  private static Map<String, Object> fault(Faults.Fault fault) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("percent", fault.percent());
    if (!fault.headers().isEmpty()) {
      json.put("headers", fault.headers().stream().map(h -> h.name() + ": " + h.value()).toList());
    }
    fault
        .delay()
        .ifPresent(delay -> {
          json.put("delayMillis", delay.fixed().toMillis());
          json.put("jitterMillis", delay.jitter().toMillis());
        });
    fault
        .effect()
        .ifPresent(effect -> {
          switch (effect) {
            case Effect.AbortHttp(int status) -> json.put("httpStatus", status);
            case Effect.AbortGrpc(int status) -> json.put("grpcStatus", status);
            case Effect.Reset() -> json.put("reset", true);
            case Effect.Truncate(int bytes) -> json.put("truncateAfterBytes", bytes);
          }
        });
    return json;
  }

  private static Map<String, Object> rate(RateLimit.Rate rate) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("policy", rate.policy());
    json.put("requestsPerSecond", rate.requestsPerSecond());
    json.put("burst", rate.burst());
    return json;
  }
}
