package io.refmesh.proxy.endpoint;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.policy.BackendSettings.Ejection;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.LongGauge;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.random.RandomGenerator;

/**
 * Whether an endpoint may be called, judged by the answers that this proxy got from it.
 *
 * <pre>
 *              failures                     back-off over, one try
 *  Admitting ───────────▶ Ejected(until) ──────────────────────────▶ Probing
 *      ▲                        ▲                                       │
 *      │                        └─────── failure: twice the back-off ───┤
 *      └──────────────────────────────── success: back-off forgotten ───┘
 * </pre>
 *
 * A probe that says nothing (the caller went away) leaves the endpoint ejected with the next probe
 * due at once. Tries that were under way when the endpoint was ejected change nothing.
 *
 * <p>Shared by all event loops. The lock is held for a few instructions, never while waiting for
 * anything; the question asked for each request, {@link #admits}, takes no lock.
 */
public final class EndpointHealth {

  /** See the picture at {@link EndpointHealth}. */
  public enum State {
    ADMITTING,
    EJECTED,
    PROBING;

    /** As in metrics and {@code /config}. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What {@code /config} shows.
   *
   * @param reason why it was ejected last; empty if it is admitting
   * @param nextProbe from now; present while ejected
   * @param successPercent over the success window, 100 without requests
   */
  public record Snapshot(
      State state,
      String reason,
      Optional<Duration> nextProbe,
      int consecutiveFailures,
      int successPercent,
      int requestsInWindow) {}

  /** Why it was ejected, as in metrics. */
  private enum Cause {
    CONSECUTIVE_FAILURES("consecutive-failures"),
    SUCCESS_RATE("success-rate");

    private final String text;

    Cause(String text) {
      this.text = text;
    }
  }

  private static final Logger LOG = Logger.getLogger(EndpointHealth.class.getName());

  private final String name;
  private final Ticker ticker;
  private final RandomGenerator random;
  private final EjectionLimit limit;
  private final Counter ejections;
  private final Counter probeSuccesses;
  private final Counter probeFailures;
  private final EnumMap<State, LongGauge> inState = new EnumMap<>(State.class);
  private final EnumMap<Cause, LongGauge> backoffByCause = new EnumMap<>(Cause.class);

  private volatile State state = State.ADMITTING;

  // Guarded by this.
  private Ejection settings;
  private SuccessWindow window;
  private int consecutiveFailures;
  private String reason = "";
  private Cause cause = Cause.CONSECUTIVE_FAILURES;
  private long nextProbeNanos;
  private long ejectedAtNanos;
  private int backoffs;
  private int failedProbes;
  private boolean removed;

  /**
   * @param name of the backend and the endpoint, for the log
   * @param address the endpoint's, for metrics
   */
  EndpointHealth(
      String name,
      String address,
      Ejection settings,
      EjectionLimit limit,
      Ticker ticker,
      RandomGenerator random,
      ProxyMetrics metrics) {
    this.name = name;
    this.settings = settings;
    this.limit = limit;
    this.ticker = ticker;
    this.random = random;
    window = new SuccessWindow(settings.successWindow().toNanos(), ticker.nanoTime());
    ejections = metrics.counter(ProxyMetric.EJECTIONS_TOTAL, address);
    probeSuccesses = metrics.counter(ProxyMetric.PROBE_TOTAL, address, "success");
    probeFailures = metrics.counter(ProxyMetric.PROBE_TOTAL, address, "failure");
    for (State s : State.values()) {
      inState.put(s, metrics.gauge(ProxyMetric.ENDPOINT_STATE, address, s.text()));
    }
    for (Cause c : Cause.values()) {
      backoffByCause.put(c, metrics.gauge(ProxyMetric.ENDPOINT_BACKOFF_MS, address, c.text));
    }
    // Added, not set: two backends may have an endpoint at the same address.
    count(State.ADMITTING, 1);
  }

  /** Whether any request may go there. */
  public boolean admits() {
    return state == State.ADMITTING;
  }

  /**
   * Whether the caller may send the one probe that is due; it owes a {@link #record} with {@code
   * probe} then.
   */
  public boolean tryProbe(long nowNanos) {
    if (state != State.EJECTED) {
      return false;
    }
    synchronized (this) {
      if (state != State.EJECTED || nowNanos - nextProbeNanos < 0) {
        return false;
      }
      enter(State.PROBING);
      return true;
    }
  }

  /**
   * What a try said.
   *
   * @param probe whether {@link #tryProbe} had let it through
   */
  public synchronized void record(Verdict verdict, boolean probe, long nowNanos) {
    if (probe) {
      recordProbe(verdict, nowNanos);
    } else if (state == State.ADMITTING && verdict != Verdict.NONE) {
      window.add(verdict == Verdict.SUCCESS, nowNanos);
      consecutiveFailures = verdict == Verdict.FAILURE ? consecutiveFailures + 1 : 0;
      if (verdict != Verdict.SUCCESS) {
        judge(nowNanos);
      }
    }
  }

  public synchronized Snapshot snapshot() {
    long now = ticker.nanoTime();
    return new Snapshot(
        state,
        state == State.ADMITTING ? "" : reason(),
        state == State.EJECTED
            ? Optional.of(Duration.ofNanos(Math.max(0, nextProbeNanos - now)))
            : Optional.empty(),
        consecutiveFailures,
        window.successPercent(now),
        window.requests(now));
  }

  /** Takes over changed settings; what was learned stays. */
  synchronized void settings(Ejection changed) {
    if (!changed.successWindow().equals(settings.successWindow())) {
      window = new SuccessWindow(changed.successWindow().toNanos(), ticker.nanoTime());
    }
    settings = changed;
  }

  /** When it was ejected; for choosing which one returns when too many are. */
  synchronized long ejectedAtNanos() {
    return ejectedAtNanos;
  }

  /**
   * Lets it take requests again without a probe.
   *
   * @param why for the log
   */
  synchronized void readmit(String why) {
    if (state == State.EJECTED) {
      LOG.log(
          Level.INFO, "endpoint readmitted: endpoint={0} reason=\"{1}\"", new Object[] {name, why});
      admit();
    }
  }

  /** The endpoint is gone from discovery: it counts no longer, tries under way change nothing. */
  synchronized void remove() {
    if (removed) {
      return;
    }
    removed = true;
    count(state, -1);
    if (state != State.ADMITTING) {
      Objects.requireNonNull(backoffByCause.get(cause)).set(0);
      limit.giveBack();
    }
  }

  private void recordProbe(Verdict verdict, long nowNanos) {
    if (state != State.PROBING) {
      return;
    }
    switch (verdict) {
      case SUCCESS -> {
        probeSuccesses.increment();
        LOG.log(Level.INFO, "endpoint returns: endpoint={0} after its probe succeeded", name);
        admit();
      }
      case FAILURE, THROTTLED -> {
        probeFailures.increment();
        failedProbes++;
        eject(nowNanos);
      }
      case NONE -> {
        nextProbeNanos = nowNanos;
        enter(State.EJECTED);
      }
    }
  }

  private void judge(long nowNanos) {
    String found;
    Cause why;
    if (settings.consecutiveFailures() > 0
        && consecutiveFailures >= settings.consecutiveFailures()) {
      why = Cause.CONSECUTIVE_FAILURES;
      found = consecutiveFailures + " consecutive failures";
    } else if (successRateCounts()
        && window.requests(nowNanos) >= settings.successMinRequests()
        && window.below(settings.successPercent(), nowNanos)) {
      why = Cause.SUCCESS_RATE;
      found =
          window.successPercent(nowNanos)
              + "% of "
              + window.requests(nowNanos)
              + " requests succeeded (expected: >= "
              + settings.successPercent()
              + "%)";
    } else {
      return;
    }
    if (removed || !limit.take()) {
      return;
    }
    backoffs = 0;
    failedProbes = 0;
    ejections.increment();
    reason = found;
    cause = why;
    eject(nowNanos);
  }

  /** Where nothing succeeds, consecutive failures decide, if they are judged at all. */
  private boolean successRateCounts() {
    return settings.successPercent() > 0
        && (settings.consecutiveFailures() == 0 || window.hasSuccesses());
  }

  private void eject(long nowNanos) {
    ejectedAtNanos = nowNanos;
    long backoff = backoffNanos();
    nextProbeNanos = nowNanos + backoff;
    backoffs++;
    enter(State.EJECTED);
    showBackoff(backoff);
    LOG.log(
        Level.INFO,
        "endpoint ejected: endpoint={0} reason=\"{1}\" next_probe_ms={2}",
        new Object[] {name, reason(), Long.toString(Duration.ofNanos(backoff).toMillis())});
  }

  private String reason() {
    return failedProbes == 0 ? reason : reason + ", then failed probes: " + failedProbes;
  }

  /**
   * Doubles from the base up to the most; jitter is added so that proxies do not probe together.
   */
  private long backoffNanos() {
    long base = Math.max(1, settings.backoffBase().toNanos());
    long most = Math.max(base, settings.backoffMax().toNanos());
    long backoff = backoffs >= 62 || base > (most >> backoffs) ? most : base << backoffs;
    return backoff + (long) (backoff * random.nextDouble() * settings.jitterPercent() / 100);
  }

  private void admit() {
    consecutiveFailures = 0;
    backoffs = 0;
    window.clear();
    if (!removed) {
      limit.giveBack();
    }
    enter(State.ADMITTING);
    showBackoff(0);
  }

  private void showBackoff(long nanos) {
    if (!removed) {
      Objects.requireNonNull(backoffByCause.get(cause)).set(Duration.ofNanos(nanos).toMillis());
    }
  }

  private void enter(State next) {
    if (!removed) {
      count(state, -1);
      count(next, 1);
    }
    state = next;
  }

  private void count(State in, int change) {
    Objects.requireNonNull(inState.get(in)).add(change);
  }
}
