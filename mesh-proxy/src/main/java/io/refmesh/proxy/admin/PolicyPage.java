package io.refmesh.proxy.admin;

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

  private static Map<String, Object> rate(RateLimit.Rate rate) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("policy", rate.policy());
    json.put("requestsPerSecond", rate.requestsPerSecond());
    json.put("burst", rate.burst());
    return json;
  }
}
