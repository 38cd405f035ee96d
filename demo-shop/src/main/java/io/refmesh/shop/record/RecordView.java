package io.refmesh.shop.record;

import io.refmesh.shop.behave.RuleCounts;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The answer to {@code GET /record}; the README says what each field counts. */
public record RecordView(
    String instance,
    String role,
    String version,
    String zone,
    long since,
    long now,
    Requests requests,
    Map<String, Long> classes,
    Map<String, Long> status,
    Map<String, Long> callers,
    Map<String, Long> routes,
    Map<String, Long> attempts,
    long requestIds,
    long withoutId,
    Ledger.Totals effects,
    Traffic.Connections connections,
    Traffic.Bytes bytes,
    long malformed,
    long readyProbes,
    Map<String, OutgoingCalls.View> calls,
    List<RuleCounts> rules,
    Overflow overflow) {

  /** Times are milliseconds since 1970, null without a request. */
  public record Requests(
      long started,
      long inFlight,
      long finished,
      long cancelled,
      long reset,
      long maxCancelDelayMs,
      @Nullable Long firstAt,
      @Nullable Long lastAt) {}

  /** What there was no room for. */
  public record Overflow(long requests, long requestIds, long callers, long routes) {}
}
