package io.refmesh.load.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/** The results as one HTML file without scripts and without anything to fetch. */
final class Page {

  private static final Map<String, String> TITLES =
      Map.ofEntries(
          Map.entry("cpu_us", "CPU µs per request, both sides"),
          Map.entry("rate", "requests per second"),
          Map.entry("p50_ms", "p50, ms"),
          Map.entry("p99_ms", "p99, ms"),
          Map.entry("start_ms", "start to first answer, ms"),
          Map.entry("rss_idle", "RSS of the larger side, idle, MiB"),
          Map.entry("rss_256", "… with 256 connections under load"),
          Map.entry("rss_2000", "… with 2000 connections under load"),
          Map.entry("rss_before", "RSS of the larger side without connections, MiB"),
          Map.entry("rss_a", "RSS of A with 2000 idle connections in clear, MiB"),
          Map.entry("rss_b", "RSS of B with 2000 idle connections of mutual TLS, MiB"),
          Map.entry("pss_held", "PSS of the larger side with them, MiB"),
          Map.entry("core_percent", "% of a core that the larger side takes while they are idle"));

  private Page() {}

  static String html(
      Map<String, String> about,
      List<Measured> all,
      List<WarmUp> warmUps,
      List<Musts.Verdict> verdicts,
      String last) {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Refmesh: cost</title>
        <style>body{font:15px/1.45 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
        table{border-collapse:collapse}td,th{padding:.15rem .7rem;text-align:left;border-bottom:1px solid #ddd}
        .no{color:#b00020;font-weight:600}.yes{color:#0a7d33}svg text{font:12px system-ui,sans-serif}h3{margin-bottom:.2rem}
        </style><h1>Refmesh: cost beside others</h1>
        <p>client → A → mutual TLS → B → application, all on one machine. Bars are medians over the rounds, whiskers the lowest and the highest.
        Compare within a plot only.</p><table>
        """);
    about.forEach((key, value) -> row(page, "", key, value));
    page.append(
        "</table><h2>Musts</h2><table><tr><th>figure</th><th>must</th><th>aim</th><th>is</th><th></th></tr>");
    for (Musts.Verdict verdict : verdicts) {
      row(
          page,
          verdict.met() ? "yes" : "no",
          verdict.sentence(),
          verdict.bound(),
          verdict.aim(),
          verdict.text(),
          verdict.met() ? "met" : verdict.figure().isEmpty() ? "not measured" : "not met");
    }
    page.append("</table><p>").append(last).append("</p>");
    for (Workload workload : Workload.values()) {
      List<Measured> mine = all.stream().filter(m -> m.workload().equals(workload.text())).toList();
      if (mine.isEmpty()) {
        continue;
      }
      page.append("<h2>%s</h2><p>%s</p>".formatted(workload.text(), escaped(workload.sentence())));
      for (String value :
          List.of(
              "cpu_us",
              "rate",
              "p50_ms",
              "p99_ms",
              "start_ms",
              "rss_idle",
              "rss_256",
              "rss_2000",
              "rss_before",
              "rss_a",
              "rss_b",
              "pss_held",
              "core_percent")) {
        plot(page, mine, value);
      }
      warmUps.stream()
          .filter(warmUp -> warmUp.workload().equals(workload.text()))
          .forEach(warmUp -> page.append("<p>" + escaped(warmUp.text()) + "</p>"));
    }
    return page.append("</html>\n").toString();
  }

  private static void plot(StringBuilder page, List<Measured> mine, String value) {
    List<String> peers = mine.stream().map(Measured::peer).distinct().toList();
    List<double[]> bars = new ArrayList<>();
    List<String> names = new ArrayList<>();
    double most = 0;
    for (String peer : peers) {
      List<Double> values =
          mine.stream()
              .filter(m -> m.peer().equals(peer) && m.values().containsKey(value))
              .map(m -> m.values().get(value))
              .toList();
      OptionalDouble median = Musts.median(values);
      if (median.isPresent()) {
        double low = values.stream().mapToDouble(v -> v).min().orElse(0);
        double high = values.stream().mapToDouble(v -> v).max().orElse(0);
        bars.add(new double[] {median.getAsDouble(), low, high});
        names.add(peer);
        most = Math.max(most, high);
      }
    }
    if (bars.isEmpty() || most == 0) {
      return;
    }
    page.append("<h3>%s</h3>".formatted(TITLES.getOrDefault(value, value)));
    page.append("<svg width=\"760\" height=\"%d\" role=\"img\">".formatted(bars.size() * 22 + 4));
    for (int i = 0; i < bars.size(); i++) {
      double scale = 520 / most;
      double[] bar = bars.get(i);
      int y = i * 22 + 2;
      page.append(
          String.format(
              Locale.ROOT,
              "<text x=\"110\" y=\"%d\" text-anchor=\"end\">%s</text><rect x=\"118\" y=\"%d\""
                  + " width=\"%.1f\" height=\"16\" fill=\"%s\"/><path d=\"M%.1f %dH%.1f\""
                  + " stroke=\"#222\"/><text x=\"%.1f\" y=\"%d\">%.4g</text>",
              y + 13,
              escaped(names.get(i)),
              y,
              bar[0] * scale,
              names.get(i).startsWith("refmesh") ? "#2f6fde" : "#b9c4d6",
              118 + bar[1] * scale,
              y + 8,
              118 + bar[2] * scale,
              124 + bar[2] * scale,
              y + 13,
              bar[0]));
    }
    page.append("</svg>");
  }

  private static void row(StringBuilder page, String kind, String... cells) {
    page.append("<tr>");
    for (int i = 0; i < cells.length; i++) {
      boolean last = i == cells.length - 1 && !kind.isEmpty();
      page.append(last ? "<td class=\"" + kind + "\">" : "<td>")
          .append(escaped(cells[i]))
          .append("</td>");
    }
    page.append("</tr>");
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }
}
