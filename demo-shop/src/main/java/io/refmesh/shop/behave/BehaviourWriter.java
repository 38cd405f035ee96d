package io.refmesh.shop.behave;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@link Behaviour} to what JSON is made of; reading it again gives an equal one. */
public final class BehaviourWriter {
  private BehaviourWriter() {}

  public static Map<String, Object> write(Behaviour behaviour) {
    Map<String, Object> document = new LinkedHashMap<>();
    List<Map<String, Object>> rules =
        behaviour.rules().stream().map(BehaviourWriter::rule).toList();
    document.put("rules", rules);
    document.put("ready", behaviour.ready());
    return document;
  }

  private static Map<String, Object> rule(Rule rule) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("path", rule.path());
    if (rule.method() != null) {
      fields.put("method", rule.method());
    }
    switch (rule.share()) {
      case Share.Always() -> {}
      case Share.Percent(double percent) -> fields.put("percent", percent);
      case Share.EveryNth(long n) -> fields.put("everyNth", n);
      case Share.FirstN(long n) -> fields.put("firstN", n);
      case Share.OfIds(double percent) -> fields.put("shareSeeded", percent);
    }
    switch (rule.latency()) {
      case Latency.None() -> {}
      case Latency.Fixed(long fixedMs) -> fields.put("latency", Map.of("fixedMs", fixedMs));
      case Latency.LogNormal(double meanMs, double p99Ms) -> {
        Map<String, Object> latency = new LinkedHashMap<>();
        latency.put("meanMs", meanMs);
        latency.put("p99Ms", p99Ms);
        fields.put("latency", latency);
      }
    }
    switch (rule.action()) {
      case Action.AsUsual() -> {}
      case Action.Status(int code) -> fields.put("status", code);
      case Action.Hang() -> fields.put("hang", true);
      case Action.Reset() -> fields.put("reset", true);
      case Action.Cut(long bytes, Action.End end) -> {
        fields.put("partialBody", bytes);
        switch (end) {
          case CLOSE -> {}
          case HANG -> fields.put("hang", true);
          case RESET -> fields.put("reset", true);
        }
      }
    }
    if (!rule.effect()) {
      fields.put("effect", false);
    }
    return fields;
  }
}
