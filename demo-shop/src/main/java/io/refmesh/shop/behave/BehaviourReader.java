package io.refmesh.shop.behave;

import io.refmesh.shop.json.Json;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** JSON to {@link Behaviour}; refuses whatever it does not know. */
public final class BehaviourReader {
  private static final int RULES_MAX = 100;
  private static final List<String> OF_DOCUMENT = List.of("rules", "ready");
  private static final List<String> SHARES =
      List.of("percent", "everyNth", "firstN", "shareSeeded");
  private static final List<String> OF_RULE =
      List.of(
          "path",
          "method",
          "percent",
          "everyNth",
          "firstN",
          "shareSeeded",
          "latency",
          "status",
          "hang",
          "partialBody",
          "reset",
          "effect");
  private static final List<String> OF_LATENCY = List.of("fixedMs", "meanMs", "p99Ms");

  private BehaviourReader() {}

  public static Behaviour read(String json) throws BehaviourException {
    JsonNode tree;
    try {
      tree = Json.tree(json);
    } catch (JacksonException e) {
      throw new BehaviourException(
          "document: not JSON: "
              + e.getOriginalMessage()
              + " at line "
              + e.getLocation().getLineNr()
              + ", column "
              + e.getLocation().getColumnNr());
    }
    Fields document = Fields.of(tree, "", OF_DOCUMENT);
    return new Behaviour(rules(document.node("rules")), document.flag("ready", true));
  }

  private static List<Rule> rules(@Nullable JsonNode node) throws BehaviourException {
    if (node == null) {
      return List.of();
    }
    if (!node.isArray() || node.size() > RULES_MAX) {
      throw Fields.refused("rules", node, "an array of at most " + RULES_MAX + " rules");
    }
    List<Rule> rules = new ArrayList<>();
    for (JsonNode one : node) {
      String place = "rules[" + rules.size() + "]";
      rules.add(rule(Fields.of(one, place, OF_RULE)));
    }
    return rules;
  }

  private static Rule rule(Fields fields) throws BehaviourException {
    String path = fields.text("path", "a path that starts with /");
    if (path != null && !path.startsWith("/")) {
      throw Fields.refused(fields.at("path"), fields.node("path"), "a path that starts with /");
    }
    String method = fields.text("method", "a method such as GET");
    if (method != null && method.isEmpty()) {
      throw Fields.refused(fields.at("method"), fields.node("method"), "a method such as GET");
    }
    Action action = action(fields);
    boolean effect = fields.flag("effect", true);
    if (!effect && (action instanceof Action.AsUsual || action instanceof Action.Cut)) {
      throw Fields.refused(
          fields.at("effect"), fields.node("effect"), "false only with status, hang or reset");
    }
    return new Rule(
        path == null ? "/" : path, method, share(fields), latency(fields), action, effect);
  }

  private static Share share(Fields fields) throws BehaviourException {
    List<String> given = SHARES.stream().filter(fields::has).toList();
    if (given.size() > 1) {
      throw new BehaviourException(
          fields.at(given.get(1)) + ": given beside " + given.get(0) + " (expected: only one)");
    }
    if (given.isEmpty()) {
      return new Share.Always();
    }
    String name = given.getFirst();
    return switch (name) {
      case "percent" -> new Share.Percent(fields.number(name, 0, 100));
      case "everyNth" -> new Share.EveryNth(fields.whole(name, 1, Long.MAX_VALUE));
      case "firstN" -> new Share.FirstN(fields.whole(name, 0, Long.MAX_VALUE));
      default -> new Share.OfIds(fields.number(name, 0, 100));
    };
  }

  private static Latency latency(Fields rule) throws BehaviourException {
    JsonNode node = rule.node("latency");
    if (node == null) {
      return new Latency.None();
    }
    String place = rule.at("latency");
    Fields fields = Fields.of(node, place, OF_LATENCY);
    boolean fixed = fields.has("fixedMs");
    if (fixed == (fields.has("meanMs") || fields.has("p99Ms"))) {
      throw Fields.refused(place, node, "either fixedMs or meanMs with p99Ms");
    }
    if (fixed) {
      return new Latency.Fixed(fields.whole("fixedMs", 0, Latency.MILLIS_MAX));
    }
    double mean = fields.number("meanMs", 0.001, Latency.MILLIS_MAX);
    double p99 = fields.number("p99Ms", mean, mean * Latency.LogNormal.RATIO_MAX);
    return new Latency.LogNormal(mean, p99);
  }

  private static Action action(Fields fields) throws BehaviourException {
    boolean hang = fields.flag("hang", false);
    boolean reset = fields.flag("reset", false);
    boolean partial = fields.has("partialBody");
    boolean status = fields.has("status");
    if (status && (hang || reset || partial)) {
      throw new BehaviourException(
          fields.at("status") + ": given beside hang, reset or partialBody (expected: alone)");
    }
    if (hang && reset) {
      throw new BehaviourException(fields.at("hang") + ": given beside reset (expected: only one)");
    }
    if (status) {
      return new Action.Status((int) fields.whole("status", 200, 599));
    }
    if (partial) {
      Action.End end = hang ? Action.End.HANG : reset ? Action.End.RESET : Action.End.CLOSE;
      return new Action.Cut(fields.whole("partialBody", 0, Long.MAX_VALUE), end);
    }
    return hang ? new Action.Hang() : reset ? new Action.Reset() : new Action.AsUsual();
  }
}
