package io.refmesh.chaos.observe;

import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.expect.Figures;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.local.status.Scrape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Watches one load run from three sides: what the clients recorded, what the applications recorded,
 * what the sidecars counted. The file of this package to open first. Thread-safe.
 */
public final class Observer implements AutoCloseable {

  private static final Duration LOOK_EVERY = Duration.ofMillis(250);
  private static final Duration SLIDING = Duration.ofSeconds(1);
  private static final Duration SERIALS_EVERY = Duration.ofMillis(500);

  /** Whoever left and does not answer so often has ended, and nobody waits for it any more. */
  private static final int SILENT_MAX = 2;

  private final RequestRecord requests;
  private final Pages pages = new Pages();
  private final InstantSource clock;
  private final CertificateWatch certificates = new CertificateWatch();
  private final List<SidecarTarget> sidecars;
  private final List<AppTarget> apps;
  private final Map<String, Scrape> lastScrapes = new HashMap<>();
  private final Map<String, JsonNode> lastRecords = new HashMap<>();

  /** Of those that left, how often they did not answer since; by the URL of their admin port. */
  private final Map<String, Integer> silent = new HashMap<>();

  private volatile boolean closed;

  public Observer(List<SidecarTarget> sidecars, List<AppTarget> apps, Path requestsTsv) {
    this(sidecars, apps, requestsTsv, InstantSource.system());
  }

  Observer(
      List<SidecarTarget> sidecars, List<AppTarget> apps, Path requestsTsv, InstantSource clock) {
    this.sidecars = new ArrayList<>(sidecars);
    this.apps = new ArrayList<>(apps);
    this.requests = new RequestRecord(requestsTsv);
    this.clock = clock;
  }

  /**
   * Further sidecars and applications, such as those that replace others; the others' last readings
   * stay.
   */
  public synchronized void add(List<SidecarTarget> moreSidecars, List<AppTarget> moreApps) {
    moreSidecars.stream().filter(target -> !sidecars.contains(target)).forEach(sidecars::add);
    moreApps.stream().filter(target -> !apps.contains(target)).forEach(apps::add);
  }

  /**
   * These are on their way out: they are read until they answer no more, since waiting for an
   * address that is gone would hold up every reading.
   */
  public synchronized void left(List<SidecarTarget> leftSidecars, List<AppTarget> leftApps) {
    leftSidecars.forEach(target -> silent.putIfAbsent(target.admin(), 0));
    leftApps.forEach(target -> silent.putIfAbsent(target.adminUrl(), 0));
  }

  /** Reads every counter now. */
  public Moment mark() throws InterruptedException {
    Instant now = clock.instant();
    List<SidecarTarget> allSidecars;
    List<AppTarget> allApps;
    synchronized (this) {
      allSidecars = sidecars.stream().filter(target -> !ended(target.admin())).toList();
      allApps = apps.stream().filter(target -> !ended(target.adminUrl())).toList();
    }
    List<String> urls = new ArrayList<>();
    allSidecars.forEach(sidecar -> urls.add(sidecar.admin() + "/metrics"));
    allApps.forEach(app -> urls.add(app.adminUrl() + "/record"));
    Map<String, String> read = pages.read(urls);
    synchronized (this) {
      for (SidecarTarget sidecar : allSidecars) {
        String page = read.get(sidecar.admin() + "/metrics");
        if (page != null) {
          lastScrapes.put(sidecar.admin(), Scrape.of(page));
        } else {
          silent.computeIfPresent(sidecar.admin(), (url, times) -> times + 1);
        }
      }
      for (AppTarget app : allApps) {
        String page = read.get(app.adminUrl() + "/record");
        if (page != null) {
          lastRecords.put(app.adminUrl(), JsonMapper.shared().readTree(page));
        } else {
          silent.computeIfPresent(app.adminUrl(), (url, times) -> times + 1);
        }
      }
      return new Moment(micros(now), lastScrapes, lastRecords);
    }
  }

  /**
   * The figures of a window. Requests belong to it by their intended start; {@code skip} leaves out
   * the first of them. Counters are those between the two moments: to skip there, take a moment
   * later.
   *
   * @param before the figures that {@code before.…} names
   */
  public Figures figures(Moment from, Moment to, Duration skip, Optional<Figures> before) {
    long start = from.epochMicros() + skip.toNanos() / 1_000;
    long end = to.epochMicros();
    refresh();
    return new WindowFigures(
        Math.max(0, end - start) / 1_000_000.0,
        stream ->
            requests.where(r ->
                r.stream().equals(stream)
                    && r.intendedMicros() >= start
                    && r.intendedMicros() < end),
        counters(from, to),
        certificates::figure,
        before);
  }

  /**
   * Looks again and again until {@code condition} holds, and tells how long after {@code since}
   * that was; empty when it did not within {@code within}. Client figures are those of the requests
   * that ended in the last second, counters those since {@code since}.
   */
  public Optional<Duration> firstTrue(Expression condition, Moment since, Duration within)
      throws InterruptedException {
    long deadline = since.epochMicros() + within.toNanos() / 1_000;
    while (!closed) {
      Moment now = mark();
      refresh();
      long slidingStart = now.epochMicros() - SLIDING.toNanos() / 1_000;
      Figures figures =
          new WindowFigures(
              SLIDING.toSeconds(),
              stream ->
                  requests.where(r -> r.stream().equals(stream) && r.endMicros() >= slidingStart),
              counters(since, now),
              certificates::figure,
              Optional.empty());
      if (holds(condition, figures)) {
        return Optional.of(
            Duration.of(Math.max(0, now.epochMicros() - since.epochMicros()), ChronoUnit.MICROS));
      }
      if (now.epochMicros() > deadline) {
        break;
      }
      Thread.sleep(LOOK_EVERY);
    }
    return Optional.empty();
  }

  /**
   * Requests and errors recorded in the last second, for the progress on the terminal: rate and
   * errors.
   */
  public LastSecond lastSecond() {
    refresh();
    long now = micros(clock.instant());
    // What ends now is written a little later.
    long start = now - 1_300_000;
    List<RecordedRequest> recent =
        requests.where(r -> r.endMicros() >= start && r.endMicros() < start + 1_000_000);
    return new LastSecond(recent.size(), recent.stream().filter(r -> !r.ok()).count());
  }

  public record LastSecond(double ratePerSecond, long errors) {}

  /**
   * Starts to look at the sidecars' certificates twice a second; {@code certs.…} figures count from
   * now on.
   */
  public void watchCertificates() {
    certificates.reset();
    Thread.ofVirtual().name("watch certificates").start(this::pollCertificates);
  }

  /** Begins to count serials anew. */
  public void resetCertificates() {
    certificates.reset();
  }

  /** Per stream and half second, in the order of time. */
  public List<Timeline.Bin> bins(long loadStartEpochMillis) {
    refresh();
    Map<String, TreeMap<Long, List<RecordedRequest>>> byStream = new TreeMap<>();
    for (RecordedRequest request : requests.where(r -> true)) {
      long bin =
          Math.floorDiv(
              request.intendedMicros() / 1_000 - loadStartEpochMillis,
              (long) Timeline.Bin.WIDTH_MILLIS);
      byStream
          .computeIfAbsent(request.stream(), s -> new TreeMap<>())
          .computeIfAbsent(bin, b -> new ArrayList<>())
          .add(request);
    }
    List<Timeline.Bin> bins = new ArrayList<>();
    byStream.forEach((stream, slots) ->
        slots.forEach((slot, inside) -> {
          ClientFigures figures = new ClientFigures(inside);
          bins.add(
              new Timeline.Bin(
                  stream,
                  slot * Timeline.Bin.WIDTH_MILLIS,
                  inside.size(),
                  (int) inside.stream().filter(r -> !r.ok()).count(),
                  figures.quantile(0.5).orElse(-1),
                  figures.quantile(0.99).orElse(-1),
                  figures.quantile(1).orElse(-1)));
        }));
    bins.sort((a, b) -> Long.compare(a.atMillis(), b.atMillis()));
    return bins;
  }

  /**
   * Whether clients, sidecars and applications counted the same. To be asked when nothing is in
   * flight: {@code from} before the load began, {@code to} after it ended.
   */
  public ExpectationVerdict countersAgree(Moment from, Moment to, List<LoadTarget> streams) {
    refresh();
    List<SidecarTarget> allSidecars;
    List<AppTarget> allApps;
    synchronized (this) {
      allSidecars = List.copyOf(sidecars);
      allApps = List.copyOf(apps);
    }
    return new CounterAgreement(
            new CounterFigures(allSidecars, allApps, from, to), requests, streams)
        .verdict();
  }

  @Override
  public void close() {
    closed = true;
    pages.close();
  }

  private boolean ended(String url) {
    return silent.getOrDefault(url, 0) >= SILENT_MAX;
  }

  private void pollCertificates() {
    try {
      while (!closed) {
        List<SidecarTarget> all;
        synchronized (this) {
          all = sidecars.stream().filter(target -> !ended(target.admin())).toList();
        }
        Map<String, String> read =
            pages.read(all.stream().map(sidecar -> sidecar.admin() + "/config").toList());
        for (SidecarTarget sidecar : all) {
          String page = read.get(sidecar.admin() + "/config");
          if (page != null) {
            certificates.seen(
                sidecar.instance(),
                JsonMapper.shared().readTree(page).at("/certificate/serial").asString(""));
          }
        }
        Thread.sleep(SERIALS_EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized CounterFigures counters(Moment from, Moment to) {
    return new CounterFigures(List.copyOf(sidecars), List.copyOf(apps), from, to);
  }

  private void refresh() {
    try {
      requests.refresh();
    } catch (IOException e) {
      throw new UncheckedIOException("the record of the load cannot be read: " + e.getMessage(), e);
    }
  }

  private static boolean holds(Expression condition, Figures figures) {
    try {
      return condition.holds(figures);
    } catch (Expression.UnknownFigureException e) {
      // Nothing measured yet; the next look may know.
      return false;
    }
  }

  private static long micros(Instant instant) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }
}
