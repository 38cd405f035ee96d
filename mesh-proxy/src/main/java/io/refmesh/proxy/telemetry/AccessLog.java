package io.refmesh.proxy.telemetry;

import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.http.RequestHead;
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
public final class AccessLog implements ExchangeObserver, AutoCloseable {

  private static final Logger LOG = Logger.getLogger(AccessLog.class.getName());

  /** What an operator can choose. */
  public enum Format {
    TEXT,
    JSON
  }

  /** More than that nobody reads, and writing them would cost more than the requests. */
  public static final int LINES_PER_SECOND = 2_000;

  /** Four seconds of lines at full rate, a few MB. */
  private static final int QUEUE_MAX = 8_192;

  private static final long SECOND_NANOS = Duration.ofSeconds(1).toNanos();

  /** Ends the writer. */
  private static final String END = "";

  private final Format format;
  private final int linesPerSecond;
  private final Redaction redaction;
  private final OutputStream out;
  private final Ticker ticker;
  private final InstantSource clock;
  private final Counter dropped;
  private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(QUEUE_MAX);
  private final AtomicLong second = new AtomicLong(Long.MIN_VALUE);
  private final AtomicLong linesOfSecond = new AtomicLong();
  private final Thread writer;

  /**
   * @param linesPerSecond more are left out
   * @param out stays open; written by one thread
   */
  public AccessLog(
      Format format,
      int linesPerSecond,
      Redaction redaction,
      OutputStream out,
      Ticker ticker,
      InstantSource clock,
      ProxyMetrics metrics) {
    this.format = format;
    this.linesPerSecond = linesPerSecond;
    this.redaction = redaction;
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

  @Override
  public boolean wantsProcessingTime() {
    return true;
  }

  @Override
  public void ended(ObservedExchange exchange) {
    if (!withinRate() || !lines.offer(line(exchange))) {
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
    return linesOfSecond.incrementAndGet() <= linesPerSecond;
  }

  private String line(ObservedExchange exchange) {
    StringBuilder line = new StringBuilder(512);
    RequestHead request = exchange.request();
    Ending ending = exchange.ending();
    CharSequence agent = request.headers().get("user-agent");
    Fields fields = format == Format.JSON ? new JsonFields(line) : new TextFields(line);
    // Linkerd's fourteen, under its names; then what a mesh can say besides.
    fields.text("client.addr", address(exchange.caller().address()));
    fields.text("client.id", exchange.clientId());
    fields.text(
        "timestamp",
        clock
            .instant()
            .minusNanos(exchange.totalNanos())
            .truncatedTo(ChronoUnit.MICROS)
            .toString());
    fields.text("method", request.method());
    fields.text("uri", redaction.path(request.path()));
    fields.text("version", request.version().text());
    fields.text("trace_id", exchange.traceId());
    fields.number("request_bytes", exchange.requestBytes());
    fields.number("status", ending.status().isEmpty() ? 0 : Integer.parseInt(ending.status()));
    fields.number("response_bytes", exchange.responseBytes());
    fields.number("total_ns", exchange.totalNanos());
    fields.number("processing_ns", exchange.processingNanos());
    fields.text("user_agent", agent == null ? "" : agent.toString());
    fields.text("host", request.authority());
    fields.text("direction", exchange.direction());
    fields.text("grpc_status", ending.grpcStatus());
    fields.text("route", exchange.route());
    fields.text("endpoint", exchange.target().instance(exchange.endpoint()).address());
    fields.number("tries", exchange.tries());
    fields.text("error", ending.error());
    fields.end();
    return line.append('\n').toString();
  }

  /** How a field looks in the line. */
  private interface Fields {
    void text(String name, String value);

    void number(String name, long value);

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
    public void number(String name, long value) {
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

  /** An object on one line; a text that is not known is empty. */
  private record JsonFields(StringBuilder line) implements Fields {

    @Override
    public void text(String name, String value) {
      begin(name);
      JsonString.append(line, value);
    }

    @Override
    public void number(String name, long value) {
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

  static String address(InetSocketAddress client) {
    String host =
        client.getAddress() == null ? client.getHostString() : client.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + client.getPort();
  }
}
