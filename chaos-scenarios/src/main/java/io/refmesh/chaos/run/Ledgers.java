package io.refmesh.chaos.run;

import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.observe.AppTarget;
import io.refmesh.chaos.scenario.LoadStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * Which request had its effect how often, over all instances of the shop together: a request that
 * is sent again mostly goes to another instance, and no instance alone would see two effects. What
 * an instance that has ended had noted is kept. Thread-safe.
 *
 * <p>Figures: {@code ledger.STREAM.effects}, {@code duplicates} (requests with more than one) and
 * {@code missing} (requests that were answered well and have none).
 */
final class Ledgers {

  private static final Pattern TAB = Pattern.compile("\t");

  /**
   * Clocks of one machine agree; this is for entries that are made while a ledger is being read.
   */
  private static final long OVERLAP_MILLIS = 2_000;

  private static final int SILENT_MAX = 2;

  private final HttpJson http;
  private final Path record;
  private final Map<String, Map<String, Entry>> byRequest = new HashMap<>();
  private final Map<String, Long> readUntil = new HashMap<>();
  private final Map<String, Integer> silent = new HashMap<>();

  private record Entry(int count, long lastAt) {}

  /**
   * @param record of the load, as the load generator writes it
   */
  Ledgers(HttpJson http, Path record) {
    this.http = http;
    this.record = record;
  }

  /** Takes in what was noted since the last call; an instance that does not answer has ended. */
  void read(List<AppTarget> apps) throws InterruptedException {
    for (AppTarget app : apps) {
      long since;
      synchronized (this) {
        since = readUntil.getOrDefault(app.adminUrl(), 0L);
      }
      try {
        take(app.adminUrl(), http.get(app.adminUrl() + "/ledger?since=" + since));
      } catch (IOException e) {
        // Its entries up to the last reading are there.
        synchronized (this) {
          silent.merge(app.adminUrl(), 1, Integer::sum);
        }
      }
    }
  }

  /** Whether an instance has not answered for so often that it has ended. */
  synchronized boolean ended(AppTarget app) {
    return silent.getOrDefault(app.adminUrl(), 0) >= SILENT_MAX;
  }

  private synchronized void take(String instance, JsonNode ledger) {
    silent.remove(instance);
    for (JsonNode entry : ledger.path("entries")) {
      long lastAt = entry.path("lastAt").asLong();
      byRequest
          .computeIfAbsent(entry.path("id").asString(), id -> new HashMap<>())
          .put(instance, new Entry(entry.path("count").asInt(), lastAt));
      readUntil.merge(instance, lastAt - OVERLAP_MILLIS, Math::max);
    }
  }

  /**
   * The figures of some streams.
   *
   * @param scenario the prefix of request ids
   * @param since only requests that should have started from then on
   */
  synchronized Map<String, Double> figures(String scenario, List<LoadStream> streams, Instant since)
      throws IOException {
    Map<String, Double> figures = new HashMap<>();
    streams.forEach(stream ->
        List.of("effects", "duplicates", "missing")
            .forEach(name -> figures.put("ledger." + stream.id() + "." + name, 0.0)));
    long sinceMicros = since.toEpochMilli() * 1_000;
    try (var lines = Files.lines(record)) {
      for (String line : (Iterable<String>) lines::iterator) {
        String[] columns = TAB.split(line, -1);
        String prefix = columns.length > 5 ? "ledger." + columns[0] : "";
        if (!figures.containsKey(prefix + ".effects")
            || !columns[1].startsWith(scenario + ".")
            || Long.parseLong(columns[2]) < sinceMicros) {
          continue;
        }
        int effects =
            byRequest.getOrDefault(columns[1], Map.of()).values().stream()
                .mapToInt(Entry::count)
                .sum();
        figures.merge(prefix + ".effects", (double) effects, Double::sum);
        figures.merge(prefix + ".duplicates", effects > 1 ? 1.0 : 0.0, Double::sum);
        figures.merge(
            prefix + ".missing", effects == 0 && columns[5].equals("ok") ? 1.0 : 0.0, Double::sum);
      }
    }
    return figures;
  }
}
