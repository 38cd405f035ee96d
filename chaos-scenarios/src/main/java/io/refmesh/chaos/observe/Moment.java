package io.refmesh.chaos.observe;

import io.refmesh.local.status.Scrape;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * All counters as they were at one time. What had ended before is there with its last reading, so
 * that sums never shrink.
 *
 * @param epochMicros when the reading began
 * @param sidecars metrics pages by admin URL
 * @param apps the shop's {@code /record} by admin URL
 */
public record Moment(long epochMicros, Map<String, Scrape> sidecars, Map<String, JsonNode> apps) {

  public Moment {
    sidecars = Map.copyOf(sidecars);
    apps = Map.copyOf(apps);
  }
}
