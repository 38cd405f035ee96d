package io.refmesh.shop.record;

import io.refmesh.shop.behave.RuleCounts;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Everything that reached this instance since the last reset; on the application port's event loop
 * only.
 */
public final class ShopRecord {
  private static final int ENDED_MAX = 200_000;
  private static final int IDS_MAX = 200_000;
  private static final int CALLERS_MAX = 1_000;
  private static final int ROUTES_MAX = 200;
  private static final int ID_LENGTH_MAX = 128;
  private static final int PATH_LENGTH_MAX = 256;

  private final Instance instance;
  private final ShopClock clock;
  private final Ledger ledger;
  private final Traffic traffic = new Traffic();
  private final OutgoingCalls calls = new OutgoingCalls();
  private final EndedRequests ended = new EndedRequests(ENDED_MAX);
  private final SeenIds ids = new SeenIds(IDS_MAX);
  private final CappedCounts callers = new CappedCounts(CALLERS_MAX);
  private final CappedCounts routes = new CappedCounts(ROUTES_MAX);
  private final Map<String, Long> status = new TreeMap<>();
  private final Map<String, Long> classes = new TreeMap<>();

  /** A request belongs to the generation in which it began; a reset starts the next one. */
  private int generation;

  private long since;
  private long started;
  private long inFlight;
  private long finished;
  private long cancelled;
  private long reset;
  private long cancelDelayNanosMax;
  private long withoutId;
  private long malformed;
  private long readyProbes;
  private @Nullable Long firstAt;
  private @Nullable Long lastAt;

  public ShopRecord(Instance instance, Ledger ledger, ShopClock clock) {
    this.instance = instance;
    this.ledger = ledger;
    this.clock = clock;
    since = clock.millis().getAsLong();
  }

  /**
   * {@code id} is empty for a request without one, {@code meshAttempt} null when the mesh names no
   * attempt.
   */
  public OpenRequest begin(
      String method, String path, String id, String caller, @Nullable String meshAttempt) {
    long at = clock.millis().getAsLong();
    started++;
    inFlight++;
    if (firstAt == null) {
      firstAt = at;
    }
    lastAt = at;
    String keptId = bounded(id, ID_LENGTH_MAX);
    int seen = 1;
    if (id.isEmpty()) {
      withoutId++;
    } else {
      seen = ids.see(keptId);
    }
    String keptCaller = callers.add(caller);
    routes.add(method + " " + firstSegment(path));
    return new OpenRequest(
        keptId.isEmpty() ? "-" : keptId,
        method,
        bounded(path, PATH_LENGTH_MAX),
        keptCaller,
        meshAttempt == null ? written(seen) : meshAttempt,
        at,
        clock.nanos().getAsLong(),
        generation);
  }

  /** {@code statusSent} is 0 when no head went out. */
  public void end(OpenRequest open, int statusSent, Outcome outcome) {
    open.markEnded();
    inFlight--;
    if (!open.of(generation)) {
      return;
    }
    long durationNanos = open.nanosUntil(clock.nanos().getAsLong());
    ended.add(open, statusSent, outcome, durationNanos);
    switch (outcome) {
      case FINISHED -> {
        finished++;
        status.merge(Integer.toString(statusSent), 1L, Long::sum);
        classes.merge(statusSent / 100 + "xx", 1L, Long::sum);
      }
      case CANCELLED -> {
        cancelled++;
        cancelDelayNanosMax = Math.max(cancelDelayNanosMax, durationNanos);
      }
      case RESET -> reset++;
    }
  }

  public void malformed() {
    malformed++;
  }

  public void readyProbe() {
    readyProbes++;
  }

  public long inFlight() {
    return inFlight;
  }

  public Traffic traffic() {
    return traffic;
  }

  public OutgoingCalls calls() {
    return calls;
  }

  public Ledger ledger() {
    return ledger;
  }

  /**
   * Returns when it happened. Requests in flight stay counted as that and are not in the new record
   * otherwise.
   */
  public long reset(boolean keepLedger) {
    generation++;
    since = clock.millis().getAsLong();
    started = 0;
    finished = 0;
    cancelled = 0;
    reset = 0;
    cancelDelayNanosMax = 0;
    withoutId = 0;
    malformed = 0;
    readyProbes = 0;
    firstAt = null;
    lastAt = null;
    traffic.clear();
    calls.clear();
    ended.clear();
    ids.clear();
    callers.clear();
    routes.clear();
    status.clear();
    classes.clear();
    if (!keepLedger) {
      ledger.clear();
    }
    return since;
  }

  public RecordView view(List<RuleCounts> rules) {
    return new RecordView(
        instance.name(),
        instance.role(),
        instance.version(),
        instance.zone(),
        since,
        clock.millis().getAsLong(),
        new RecordView.Requests(
            started,
            inFlight,
            finished,
            cancelled,
            reset,
            TimeUnit.NANOSECONDS.toMillis(cancelDelayNanosMax),
            firstAt,
            lastAt),
        new TreeMap<>(classes),
        new TreeMap<>(status),
        callers.view(),
        routes.view(),
        ids.view(),
        ids.size(),
        withoutId,
        ledger.totals(),
        traffic.connections(),
        traffic.bytes(),
        malformed,
        readyProbes,
        calls.view(),
        rules,
        new RecordView.Overflow(
            ended.dropped(), ids.overflowed(), callers.overflowed(), routes.overflowed()));
  }

  public RequestsView requests(long sinceSeq, int limit) {
    List<EndedRequest> found = ended.after(sinceSeq, limit);
    long next = found.isEmpty() ? Math.min(sinceSeq, ended.lastSeq()) : found.getLast().seq();
    return new RequestsView(instance.name(), next, ended.dropped(), found);
  }

  /** The answer to {@code GET /requests}. */
  public record RequestsView(
      String instance, long next, long overflow, List<EndedRequest> requests) {}

  /** Nearly all are first attempts: they share one string. */
  private static String written(int attempt) {
    return attempt == 1 ? "1" : Integer.toString(attempt);
  }

  private static String bounded(String text, int lengthMax) {
    return text.length() <= lengthMax ? text : text.substring(0, lengthMax);
  }

  private static String firstSegment(String path) {
    int end = path.indexOf('/', 1);
    return bounded(end < 0 ? path : path.substring(0, end), PATH_LENGTH_MAX);
  }
}
