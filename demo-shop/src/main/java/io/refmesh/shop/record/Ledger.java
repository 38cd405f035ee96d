package io.refmesh.shop.record;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The effects of requests by their id, for the proof that each happened once; on the application
 * port's event loop only.
 */
public final class Ledger {
  /** About 25 MB when full, and as much again as JSON. */
  public static final int IDS_MAX = 100_000;

  private final int idsMax;
  private final ShopClock clock;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private long effects;
  private long duplicated;
  private long refused;

  public Ledger(int idsMax, ShopClock clock) {
    this.idsMax = idsMax;
    this.clock = clock;
  }

  /** Empty when the id is new and the ledger is full: then nothing was recorded but the refusal. */
  public Optional<Effect> apply(String id, long bytes, String sha256) {
    long now = clock.millis().getAsLong();
    Entry before = entries.get(id);
    if (before == null && entries.size() >= idsMax) {
      refused++;
      return Optional.empty();
    }
    Entry after =
        before == null
            ? new Entry(id, 1, now, now, bytes, sha256)
            : new Entry(id, before.count + 1, before.firstAt, now, bytes, sha256);
    entries.put(id, after);
    effects++;
    if (after.count == 2) {
      duplicated++;
    }
    return Optional.of(new Effect(id, after.count, bytes, sha256));
  }

  public long count(String id) {
    Entry entry = entries.get(id);
    return entry == null ? 0 : entry.count;
  }

  public Totals totals() {
    return new Totals(entries.size(), effects, duplicated);
  }

  public View view(String instance, long sinceMillis, boolean duplicatesOnly, int limit) {
    List<Entry> chosen = new ArrayList<>();
    for (Entry entry : entries.values()) {
      if (chosen.size() == limit) {
        break;
      }
      if (entry.lastAt >= sinceMillis && (!duplicatesOnly || entry.count > 1)) {
        chosen.add(entry);
      }
    }
    return new View(instance, entries.size(), effects, duplicated, refused, chosen);
  }

  void clear() {
    entries.clear();
    effects = 0;
    duplicated = 0;
    refused = 0;
  }

  /** One id. */
  public record Entry(
      String id, long count, long firstAt, long lastAt, long bytes, String sha256) {}

  /** Over the whole ledger; {@code duplicated} ids had more than one effect. */
  public record Totals(long ids, long effects, long duplicated) {}

  /** The totals with the entries asked for. */
  public record View(
      String instance,
      long ids,
      long effects,
      long duplicated,
      long refused,
      List<Entry> entries) {}
}
