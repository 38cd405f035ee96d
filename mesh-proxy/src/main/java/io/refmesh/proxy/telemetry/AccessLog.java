package io.refmesh.proxy.telemetry;

import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * One line per exchange, as text or JSON.
 *
 * <p>Event loops make the line and put it in a queue; a virtual thread writes. Lines beyond the
 * rate, or beyond what the queue holds because the output is slow, are left out and counted in
 * {@code access_log_dropped_total}. Safe on any thread.
 */
public final class AccessLog implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(AccessLog.class.getName());

  /** What an operator can choose. */
  public enum Format {
    TEXT,
    JSON
  }

  /**
   * One exchange that has ended.
   *
   * @param path without its query, which may hold secrets
   * @param endpoint address of the last try; may be empty
   */
  record Entry(
      String direction,
      InetSocketAddress client,
      String clientId,
      String method,
      String authority,
      String path,
      Ending ending,
      long requestBytes,
      long bytes,
      long nanos,
      String route,
      String endpoint,
      int tries,
      String traceId) {}

  /** More than that nobody reads, and writing them would cost more than the requests. */
  private static final int LINES_PER_SECOND_MAX = 2_000;

  /** Four seconds of lines at full rate, a few MB. */
  private static final int QUEUE_MAX = 8_192;

  private static final long SECOND_NANOS = Duration.ofSeconds(1).toNanos();
  private static final double NANOS_PER_MILLI = 1e6;

  /** Ends the writer. */
  private static final String END = "";

  private final Format format;
  private final OutputStream out;
  private final Ticker ticker;
  private final InstantSource clock;
  private final Counter dropped;
  private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(QUEUE_MAX);
  private final AtomicLong second = new AtomicLong(Long.MIN_VALUE);
  private final AtomicLong linesOfSecond = new AtomicLong();
  private final Thread writer;

  /**
   * @param out stays open; written by one thread
   */
  public AccessLog(
      Format format, OutputStream out, Ticker ticker, InstantSource clock, ProxyMetrics metrics) {
    this.format = format;
    this.out = out;
    this.ticker = ticker;
    this.clock = clock;
    dropped = metrics.counter(ProxyMetric.ACCESS_LOG_DROPPED_TOTAL);
    writer = Thread.ofVirtual().name("access-log").unstarted(this::writeLines);
  }

  /** Begins to write. Once. */
  public AccessLog start() {
    writer.start();
    return this;
  }

  void write(Entry entry) {
    if (!withinRate() || !lines.offer(line(entry))) {
      dropped.increment();
    }
  }

  /** Writes what is queued, then ends. */
  @Override
  public void close() {
    try {
      lines.put(END);
      writer.join(Duration.ofSeconds(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean withinRate() {
    long now = Math.floorDiv(ticker.nanoTime(), SECOND_NANOS);
    long before = second.get();
    if (before != now && second.compareAndSet(before, now)) {
      linesOfSecond.set(0);
    }
    return linesOfSecond.incrementAndGet() <= LINES_PER_SECOND_MAX;
  }

  private String line(Entry entry) {
    StringBuilder line = new StringBuilder(320);
    String time =
        clock.instant().minusNanos(entry.nanos()).truncatedTo(ChronoUnit.MILLIS).toString();
    Fields fields = format == Format.JSON ? new JsonFields(line) : new TextFields(line);
    fields.text("time", time);
    fields.text("direction", entry.direction());
    fields.text("client", address(entry.client()));
    fields.text("client_id", entry.clientId());
    fields.text("method", entry.method());
    fields.text("authority", entry.authority());
    fields.text("path", entry.path());
    fields.text("status", entry.ending().status());
    fields.text("grpc_status", entry.ending().grpcStatus());
    fields.number("request_bytes", Long.toString(entry.requestBytes()));
    fields.number("bytes", Long.toString(entry.bytes()));
    fields.number("duration_ms", millis(entry.nanos()));
    fields.text("route", entry.route());
    fields.text("endpoint", entry.endpoint());
    fields.number("tries", Integer.toString(entry.tries()));
    fields.text("error", entry.ending().error());
    fields.text("trace_id", entry.traceId());
    fields.end();
    return line.append('\n').toString();
  }

  /** How a field looks in the line. */
  private interface Fields {
    void text(String name, String value);

    void number(String name, String value);

    void end();
  }

  /** {@code name=value}, in quotes when it could be misread; {@code -} for nothing. */
  private record TextFields(StringBuilder line) implements Fields {

    @Override
    public void text(String name, String value) {
      begin(name);
      if (value.isEmpty()) {
        line.append('-');
      } else if (value.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '"' && c != '\\')) {
        line.append(value);
      } else {
        JsonString.append(line, value);
      }
    }

    @Override
    public void number(String name, String value) {
      begin(name);
      line.append(value);
    }

    @Override
    public void end() {}

    private void begin(String name) {
      if (!line.isEmpty()) {
        line.append(' ');
      }
      line.append(name).append('=');
    }
  }

  /** An object on one line; fields without a value are left out. */
  private record JsonFields(StringBuilder line) implements Fields {

    @Override
    public void text(String name, String value) {
      if (!value.isEmpty()) {
        begin(name);
        JsonString.append(line, value);
      }
    }

    @Override
    public void number(String name, String value) {
      begin(name);
      line.append(value);
    }

    @Override
    public void end() {
      line.append('}');
    }

    private void begin(String name) {
      line.append(line.isEmpty() ? '{' : ',').append('"').append(name).append("\":");
    }
  }

  private void writeLines() {
    boolean failed = false;
    try {
      for (String line = lines.take(); !line.equals(END); line = lines.take()) {
        try {
          out.write(line.getBytes(StandardCharsets.UTF_8));
          if (lines.isEmpty()) {
            out.flush();
          }
        } catch (IOException e) {
          // A full disk or a closed pipe must not stop the proxy: count, say it once, go on.
          dropped.increment();
          if (!failed) {
            failed = true;
            LOG.log(Level.WARNING, "access log cannot be written; lines are dropped", e);
          }
        }
      }
      out.flush();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.log(Level.FINE, "access log cannot be flushed at its end", e);
    }
  }

  private static String address(InetSocketAddress client) {
    String host =
        client.getAddress() == null ? client.getHostString() : client.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + client.getPort();
  }

  private static String millis(long nanos) {
    return String.valueOf(Math.round(nanos / NANOS_PER_MILLI * 10) / 10.0);
  }
}
