package io.refmesh.chaos.run;

import io.refmesh.chaos.mesh.ShopFolder;
import io.refmesh.chaos.scenario.LoadStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** The plan that the load generator carries out, as its README describes it. Pure. */
final class PlanFile {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private PlanFile() {}

  /**
   * @param scenario makes request ids unique in a run, so that a ledger can outlive a scenario
   * @param length all streams last as long; the run ends them earlier
   */
  static String write(String scenario, List<LoadStream> streams, long seed, Duration length) {
    List<Map<String, Object>> all = new ArrayList<>();
    for (LoadStream stream : streams) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("id", stream.id());
      json.put("url", "http://" + stream.to() + "." + ShopFolder.NAMESPACE + ":" + stream.port());
      json.put("method", stream.method());
      json.put("path", stream.path());
      json.put("protocol", stream.protocol());
      json.put("ratePerSecond", stream.ratePerSecond());
      json.put("durationMillis", length.toSeconds() * 1_000);
      json.put("requestTimeoutMillis", stream.timeout().toMillis());
      json.put("idPrefix", scenario + "." + stream.id());
      if (stream.bodyBytes() > 0) {
        json.put("bodyBytes", stream.bodyBytes());
      }
      if (!stream.headers().isEmpty()) {
        json.put("headers", stream.headers());
      }
      if (stream.newConnectionEach()) {
        json.put("newConnectionEach", true);
      }
      stream.expectBodyBytes().ifPresent(bytes -> json.put("expectBodyBytes", bytes));
      all.add(json);
    }
    Map<String, Object> plan = new LinkedHashMap<>();
    plan.put("seed", seed);
    plan.put("report", false);
    plan.put("streams", all);
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(plan);
  }
}
