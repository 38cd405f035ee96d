package io.refmesh.chaos.observe;

import io.refmesh.local.status.Scrape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import tools.jackson.databind.JsonNode;

/**
 * Figures from counters: how much the sidecars and the applications counted between two moments.
 */
final class CounterFigures {

  private final List<SidecarTarget> sidecars;
  private final List<AppTarget> apps;
  private final Moment from;
  private final Moment to;

  CounterFigures(List<SidecarTarget> sidecars, List<AppTarget> apps, Moment from, Moment to) {
    this.sidecars = sidecars;
    this.apps = apps;
    this.from = from;
    this.to = to;
  }

  /**
   * Growth of a metric, summed over the sidecars.
   *
   * @param text {@code name{label=value,…}}; the labels {@code workload} and {@code instance}
   *     choose sidecars
   */
  OptionalDouble growth(String text) {
    Metric metric = Metric.parse(text);
    double sum = 0;
    boolean known = false;
    for (SidecarTarget sidecar : sidecars) {
      Scrape after = to.sidecars().get(sidecar.admin());
      if (after == null || !metric.chooses(sidecar.workload(), sidecar.instance())) {
        continue;
      }
      known = true;
      double end = after.sum(metric.name(), metric.labels());
      Scrape before = from.sidecars().get(sidecar.admin());
      double start = before == null ? 0 : before.sum(metric.name(), metric.labels());
      // A sidecar that was started again counts from zero.
      sum += end >= start ? end - start : end;
    }
    return known ? OptionalDouble.of(sum) : OptionalDouble.empty();
  }

  /** The present value of a gauge, summed over the sidecars. */
  OptionalDouble gauge(String text) {
    Metric metric = Metric.parse(text);
    double sum = 0;
    boolean known = false;
    for (SidecarTarget sidecar : sidecars) {
      Scrape after = to.sidecars().get(sidecar.admin());
      if (after != null && metric.chooses(sidecar.workload(), sidecar.instance())) {
        known = true;
        sum += after.sum(metric.name(), metric.labels());
      }
    }
    return known ? OptionalDouble.of(sum) : OptionalDouble.empty();
  }

  /**
   * What the applications of a workload (or one instance, or all workloads {@code name-…})
   * recorded.
   */
  OptionalDouble server(String name, String statistic) {
    List<AppTarget> chosen =
        apps.stream().filter(app -> chooses(name, app.workload(), app.instance())).toList();
    List<AppTarget> known =
        chosen.stream().filter(app -> to.apps().containsKey(app.adminUrl())).toList();
    if (known.isEmpty()) {
      return OptionalDouble.empty();
    }
    return switch (statistic) {
      case "requests" -> sum(known, "/requests/started");
      case "finished" -> sum(known, "/requests/finished");
      case "cancelled" -> sum(known, "/requests/cancelled");
      case "effects" -> sum(known, "/effects/effects");
      case "duplicates" -> sum(known, "/effects/duplicated");
      case "bytes" -> sum(known, "/bytes/received");
      case "connections" -> sum(known, "/connections/accepted");
      case "malformed" -> sum(known, "/malformed");
      case "maxCancelDelay" -> latest(known, "/requests/maxCancelDelayMs");
      case "minShare" -> share(known, false);
      case "maxShare" -> share(known, true);
      default ->
          statistic.startsWith("status.")
              ? sum(known, "/status/" + statistic.substring("status.".length()))
              : statistic.startsWith("caller.")
                  ? sum(
                      known,
                      "/callers/" + statistic.substring("caller.".length()).replace("/", "~1"))
                  : OptionalDouble.empty();
    };
  }

  static boolean chooses(String name, String workload, String instance) {
    String shortInstance = instance.substring(instance.indexOf('/') + 1);
    return workload.equals(name) || shortInstance.equals(name) || workload.startsWith(name + "-");
  }

  private OptionalDouble sum(List<AppTarget> chosen, String pointer) {
    return OptionalDouble.of(chosen.stream().mapToDouble(app -> grown(app, pointer)).sum());
  }

  private OptionalDouble latest(List<AppTarget> chosen, String pointer) {
    return chosen.stream().mapToDouble(app -> number(to.apps().get(app.adminUrl()), pointer)).max();
  }

  /** The part of the requests that the least or most loaded instance got. */
  private OptionalDouble share(List<AppTarget> chosen, boolean most) {
    List<Double> counts = new ArrayList<>();
    chosen.forEach(app -> counts.add(grown(app, "/requests/started")));
    double all = counts.stream().mapToDouble(Double::doubleValue).sum();
    if (all == 0) {
      return OptionalDouble.empty();
    }
    double extreme =
        most
            ? counts.stream().mapToDouble(Double::doubleValue).max().orElse(0)
            : counts.stream().mapToDouble(Double::doubleValue).min().orElse(0);
    return OptionalDouble.of(extreme / all);
  }

  private double grown(AppTarget app, String pointer) {
    double end = number(to.apps().get(app.adminUrl()), pointer);
    double start = number(from.apps().get(app.adminUrl()), pointer);
    return end >= start ? end - start : end;
  }

  private static double number(@org.jspecify.annotations.Nullable JsonNode page, String pointer) {
    return page == null ? 0 : page.at(pointer).asDouble(0);
  }

  /** A metric as an expectation writes it. */
  private record Metric(String name, Map<String, String> labels, String workload, String instance) {

    static Metric parse(String text) {
      int brace = text.indexOf('{');
      if (brace < 0) {
        return new Metric(text, Map.of(), "", "");
      }
      Map<String, String> labels = new LinkedHashMap<>();
      for (String pair : text.substring(brace + 1, text.length() - 1).split(",")) {
        int equals = pair.indexOf('=');
        if (equals > 0) {
          labels.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
        }
      }
      String workload = labels.getOrDefault("workload", "");
      String instance = labels.getOrDefault("instance", "");
      labels.remove("workload");
      labels.remove("instance");
      return new Metric(text.substring(0, brace), labels, workload, instance);
    }

    boolean chooses(String ofWorkload, String ofInstance) {
      return (workload.isEmpty() || CounterFigures.chooses(workload, ofWorkload, ofInstance))
          && (instance.isEmpty()
              || ofInstance.endsWith("/" + instance)
              || ofInstance.equals(instance));
    }
  }
}
