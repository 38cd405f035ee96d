package io.refmesh.proxy.telemetry;

import io.micrometer.core.instrument.Tag;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.telemetry.ProxyMetric.Kind;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * All metrics of one proxy. A series is made when it is first asked for; callers keep what they are
 * given and ask again only for other labels.
 *
 * <h2>Bounds</h2>
 *
 * At most so many series as the constructor says, and beyond that one overflow series for each
 * metric, whose labels all say {@value #OVERFLOW}: sums stay exact, whoever invents label values. A
 * series without an event for ten minutes leaves the page, unless it is a gauge above 0; its holder
 * may go on using it, and it comes back. When series have left, those without room get some.
 *
 * <h2>Threading</h2>
 *
 * Safe on any thread. Events take no lock; making a series does.
 */
public final class ProxyMetrics {

  /** Content type of {@link #scrape}. */
  public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  /** As Linkerd: series are kept for 10 min after their last use. */
  private static final long IDLE_NANOS = Duration.ofMinutes(10).toNanos();

  /** Looking for idle series walks over all of them: at most once a minute. */
  private static final long SWEEP_NANOS = Duration.ofMinutes(1).toNanos();

  /** Value of every label of an overflow series. */
  static final String OVERFLOW = "overflow";

  /** Longer label values are cut: they come from outside. */
  private static final int LABEL_CHARS_MAX = 256;

  private final Ticker ticker;
  private final int seriesMax;
  private final PrometheusMeterRegistry registry;
  private final Counter overflowed;

  // Guarded by this.
  private final Map<Series.Key, Series> shown = new HashMap<>();
  private final Map<Series.Key, WeakReference<Series>> left = new HashMap<>();
  private final Map<ProxyMetric, Series> overflows = new EnumMap<>(ProxyMetric.class);
  private final List<WeakReference<Series>> withoutRoom = new ArrayList<>();
  private long sweptNanos;

  /**
   * @param seriesMax how many series there may be at once; a histogram counts as one
   */
  public ProxyMetrics(Ticker ticker, int seriesMax) {
    this.ticker = ticker;
    this.seriesMax = seriesMax;
    registry =
        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT).throwExceptionOnRegistrationFailure();
    sweptNanos = ticker.nanoTime();
    overflowed =
        new Counter(this, new Series.Key(ProxyMetric.METRIC_SERIES_OVERFLOW_TOTAL, List.of()));
    overflowed.show(registry, sweptNanos);
  }

  /** The counter with these label values, in the order of {@link ProxyMetric#labels}. */
  public Counter counter(ProxyMetric metric, String... labelValues) {
    return (Counter) series(metric, Kind.COUNTER, labelValues, Counter::new);
  }

  /** The gauge with these label values, in the order of {@link ProxyMetric#labels}. */
  public LongGauge gauge(ProxyMetric metric, String... labelValues) {
    return (LongGauge) series(metric, Kind.GAUGE, labelValues, LongGauge::new);
  }

  /** The histogram with these label values, in the order of {@link ProxyMetric#labels}. */
  public Histogram histogram(ProxyMetric metric, String... labelValues) {
    return (Histogram) series(metric, Kind.HISTOGRAM, labelValues, Histogram::new);
  }

  /**
   * Everything in Prometheus' text format 0.0.4. Takes milliseconds for thousands of series: not
   * for an event loop of traffic.
   */
  public String scrape() {
    synchronized (this) {
      sweep(ticker.nanoTime());
    }
    return asLinkerdWrites(registry.scrape(CONTENT_TYPE));
  }

  /** For meters that are not events, such as those of the process. */
  PrometheusMeterRegistry registry() {
    return registry;
  }

  static List<Tag> tags(Series.Key key) {
    List<Tag> tags = new ArrayList<>(key.values().size());
    for (int i = 0; i < key.values().size(); i++) {
      tags.add(Tag.of(key.metric().labels().get(i), key.values().get(i)));
    }
    return tags;
  }

  /** Shows a series again that had left. */
  synchronized void revive(Series series) {
    if (series.shown()) {
      return;
    }
    left.remove(series.key);
    if (!admit(series)) {
      overflow(series);
    }
  }

  private Series series(
      ProxyMetric metric,
      Kind kind,
      String[] labelValues,
      BiFunction<ProxyMetrics, Series.Key, Series> make) {
    if (metric.kind() != kind) {
      throw new IllegalArgumentException(
          "metric: "
              + metric.metricName()
              + " is a "
              + metric.kind()
              + " (expected: a "
              + kind
              + ")");
    }
    if (metric.labels().size() != labelValues.length) {
      throw new IllegalArgumentException(
          "metric: "
              + metric.metricName()
              + " with "
              + labelValues.length
              + " label values (expected: "
              + metric.labels()
              + ")");
    }
    List<String> values = new ArrayList<>(labelValues.length);
    for (String value : labelValues) {
      values.add(value.length() <= LABEL_CHARS_MAX ? value : value.substring(0, LABEL_CHARS_MAX));
    }
    Series.Key key = new Series.Key(metric, List.copyOf(values));
    synchronized (this) {
      if (key.equals(overflowed.key)) {
        return overflowed;
      }
      Series series = shown.get(key);
      if (series != null) {
        return series;
      }
      series = maybeLeft(key);
      if (series == null) {
        series = make.apply(this, key);
      }
      if (!admit(series)) {
        overflow(series);
      }
      return series;
    }
  }

  private @Nullable Series maybeLeft(Series.Key key) {
    WeakReference<Series> reference = left.remove(key);
    return reference == null ? null : reference.get();
  }

  private boolean admit(Series series) {
    long now = ticker.nanoTime();
    if (shown.size() >= seriesMax) {
      sweep(now);
    }
    if (shown.size() >= seriesMax) {
      overflowed.increment();
      return false;
    }
    shown.put(series.key, series);
    series.show(registry, now);
    return true;
  }

  private void overflow(Series series) {
    Series overflow =
        overflows.computeIfAbsent(
            series.key.metric(),
            metric -> {
              Series made = overflowOf(metric);
              made.show(registry, ticker.nanoTime());
              return made;
            });
    series.flowInto(overflow);
    if (withoutRoom.size() < seriesMax) {
      withoutRoom.add(new WeakReference<>(series));
    }
  }

  private Series overflowOf(ProxyMetric metric) {
    Series.Key key = new Series.Key(metric, Collections.nCopies(metric.labels().size(), OVERFLOW));
    return switch (metric.kind()) {
      case COUNTER -> new Counter(this, key);
      case GAUGE -> new LongGauge(this, key);
      case HISTOGRAM -> new Histogram(this, key);
    };
  }

  private void sweep(long nowNanos) {
    if (nowNanos - sweptNanos < SWEEP_NANOS) {
      return;
    }
    sweptNanos = nowNanos;
    left.values().removeIf(reference -> reference.get() == null);
    shown
        .values()
        .removeIf(series -> {
          if (series.leaveIfIdle(registry, nowNanos, IDLE_NANOS)) {
            left.put(series.key, new WeakReference<>(series));
            return true;
          }
          return false;
        });
    if (shown.size() < seriesMax) {
      withoutRoom.removeIf(reference -> {
        Series series = reference.get();
        return series == null || series.maybeFlowBack();
      });
    }
  }

  /**
   * Linkerd writes {@code le="1"}, the library {@code le="1.0"}: who selects a bucket by its text
   * must find it. And Micrometer adds a family with the maximum to each histogram, which nobody
   * asked for.
   */
  private static String asLinkerdWrites(String text) {
    StringBuilder out = new StringBuilder(text.length());
    int line = 0;
    while (line < text.length()) {
      int end = text.indexOf('\n', line) + 1;
      if (end == 0) {
        end = text.length();
      }
      if (!startsWithName(text, line, MAXIMUM)) {
        appendLine(text, line, end, out);
      }
      line = end;
    }
    return out.toString();
  }

  private static void appendLine(String text, int from, int to, StringBuilder out) {
    if (startsWithName(text, from, BUCKET)) {
      // The library writes this label last, and a quote inside a value is escaped: what is found is
      // the label.
      int bound = text.lastIndexOf(",le=\"", to);
      int end = text.indexOf('"', bound + 5);
      if (bound > from && text.startsWith(".0", end - 2)) {
        out.append(text, from, end - 2).append(text, end, to);
        return;
      }
    }
    out.append(text, from, to);
  }

  private static boolean startsWithName(String text, int line, String name) {
    return text.startsWith(name, line)
        || (text.startsWith("# ", line) && text.startsWith(name, line + "# HELP ".length()));
  }

  private static final String BUCKET = ProxyMetric.RESPONSE_LATENCY_MS.metricName() + "_bucket";
  private static final String MAXIMUM = ProxyMetric.RESPONSE_LATENCY_MS.metricName() + "_max";
}
