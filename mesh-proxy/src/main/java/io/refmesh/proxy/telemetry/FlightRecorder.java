package io.refmesh.proxy.telemetry;

import io.netty.util.concurrent.FastThreadLocal;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Decisions;
import io.refmesh.proxy.http.RequestHead;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what was decided about the last exchanges, so that one can look back after something went
 * wrong: route, endpoint, tries and why they failed, authorization, outcome, durations. Paths are
 * redacted as in the access log.
 *
 * <p>A ring of bytes for each event loop, made when the loop has its first exchange; the oldest
 * exchanges make room for new ones. Written on the event loops, read on any thread.
 */
public final class FlightRecorder implements ExchangeObserver {

  /** Longer texts are cut: peers choose some of them. */
  private static final int TEXT_MAX = 256;

  private static final int FAILED_TRIES_MAX = 8;

  private static final double NANOS_PER_MILLI = 1e6;

  /** What a dump shows. */
  public record Filter(Instant since, boolean errorsOnly) {

    public static final Filter ALL = new Filter(Instant.EPOCH, false);
  }

  private final Redaction redaction;
  private final InstantSource clock;
  private final List<RecordRing> rings = new ArrayList<>();
  private final AtomicInteger nextRing = new AtomicInteger();

  private final FastThreadLocal<RecordRing> ring =
      new FastThreadLocal<>() {
        @Override
        protected RecordRing initialValue() {
          return rings.get(Math.floorMod(nextRing.getAndIncrement(), rings.size()));
        }
      };

  /**
   * @param bytes memory at most, for all loops together
   * @param loops that carry traffic
   */
  public FlightRecorder(
      int bytes, int loops, Redaction redaction, InstantSource clock, ProxyMetrics metrics) {
    this.redaction = redaction;
    this.clock = clock;
    Counter overwritten = metrics.counter(ProxyMetric.RECORDER_OVERWRITTEN_TOTAL);
    for (int i = 0; i < loops; i++) {
      rings.add(new RecordRing(bytes / loops, overwritten));
    }
  }

  @Override
  public void ended(ObservedExchange exchange) {
    RecordRing own = ring.get();
    // Loops share a ring only if there are more of them than was said.
    synchronized (own) {
      RecordRing.Writer record = own.begin();
      write(record, exchange);
      own.end(record);
    }
  }

  /** One JSON object a line, the oldest first. */
  public String dump(Filter filter) {
    List<Line> lines = new ArrayList<>();
    for (RecordRing each : rings) {
      synchronized (each) {
        each.forEach(reader -> {
          Line line = read(reader);
          if (line.endedMillis >= filter.since.toEpochMilli()
              && (line.failure || !filter.errorsOnly)) {
            lines.add(line);
          }
        });
      }
    }
    lines.sort(Comparator.comparingLong(Line::endedMillis));
    StringBuilder out = new StringBuilder(lines.size() * 400);
    lines.forEach(line -> out.append(line.text).append('\n'));
    return out.toString();
  }

  private record Line(long endedMillis, boolean failure, String text) {}

  // What write writes, read reads, in the same order.

  private void write(RecordRing.Writer out, ObservedExchange exchange) {
    RequestHead request = exchange.request();
    Ending ending = exchange.ending();
    Caller caller = exchange.caller();
    Decisions decisions = exchange.decisions();
    out.number(clock.millis());
    out.flag(ending.classification().equals("failure"));
    out.number(exchange.totalNanos());
    out.number(exchange.headNanos());
    out.number(exchange.requestBytes());
    out.number(exchange.responseBytes());
    out.small(exchange.tries());
    out.text(exchange.direction(), TEXT_MAX);
    InetAddress address = caller.address().getAddress();
    out.bytes(address == null ? new byte[0] : address.getAddress());
    out.small(caller.address().getPort());
    out.text(exchange.clientId(), TEXT_MAX);
    out.text(request.method(), TEXT_MAX);
    out.text(request.authority(), TEXT_MAX);
    out.text(redaction.path(request.path()), TEXT_MAX);
    out.text(exchange.traceId(), TEXT_MAX);
    out.text(exchange.route(), TEXT_MAX);
    out.text(exchange.backend(), TEXT_MAX);
    endpoint(out, exchange.endpoint());
    out.text(decisions.authorization(), TEXT_MAX);
    out.text(decisions.policy(), TEXT_MAX);
    out.text(ending.status(), TEXT_MAX);
    out.text(ending.grpcStatus(), TEXT_MAX);
    out.text(ending.error(), TEXT_MAX);
    out.text(exchange.detail(), TEXT_MAX);
    endpoint(out, decisions.ejected());
    List<Decisions.FailedTry> failed = decisions.failedTries();
    int told = Math.min(failed.size(), FAILED_TRIES_MAX);
    out.small(told);
    for (int i = 0; i < told; i++) {
      Decisions.FailedTry one = failed.get(i);
      out.small(one.number());
      endpoint(out, one.endpoint());
      out.text(one.failure(), TEXT_MAX);
      out.text(one.then(), TEXT_MAX);
      out.flag(one.again());
      out.number(one.delayNanos());
    }
  }

  private static Line read(RecordRing.Reader in) {
    long ended = in.number();
    boolean failure = in.flag();
    long totalNanos = in.number();
    long headNanos = in.number();
    long requestBytes = in.number();
    long responseBytes = in.number();
    int tries = in.small();
    StringBuilder out = new StringBuilder(400);
    out.append("{\"time\":");
    JsonString.append(out, Instant.ofEpochMilli(ended).minusNanos(totalNanos).toString());
    text(out, "direction", in.text());
    text(out, "client", client(in.bytes(), in.small()));
    text(out, "client_id", in.text());
    text(out, "method", in.text());
    text(out, "authority", in.text());
    text(out, "path", in.text());
    text(out, "trace_id", in.text());
    text(out, "route", in.text());
    text(out, "backend", in.text());
    text(out, "endpoint", endpoint(in));
    text(out, "authorization", in.text());
    text(out, "policy", in.text());
    text(out, "status", in.text());
    text(out, "grpc_status", in.text());
    text(out, "error", in.text());
    text(out, "detail", in.text());
    text(out, "ejected", endpoint(in));
    out.append(",\"tries\":").append(tries);
    int failed = in.small();
    if (failed > 0) {
      out.append(",\"failed_tries\":[");
      for (int i = 0; i < failed; i++) {
        out.append(i == 0 ? "{" : ",{").append("\"try\":").append(in.small());
        text(out, "endpoint", endpoint(in));
        text(out, "failure", in.text());
        String then = in.text();
        boolean again = in.flag();
        long delay = in.number();
        text(out, again ? "retried_because" : "not_retried_because", then);
        if (again) {
          out.append(",\"after_ms\":").append(millis(delay));
        }
        out.append('}');
      }
      out.append(']');
    }
    out.append(",\"request_bytes\":").append(requestBytes);
    out.append(",\"response_bytes\":").append(responseBytes);
    if (headNanos > 0) {
      out.append(",\"head_ms\":").append(millis(headNanos));
    }
    out.append(",\"total_ms\":").append(millis(totalNanos)).append('}');
    return new Line(ended, failure, out.toString());
  }

  private static void endpoint(RecordRing.Writer out, @Nullable EndpointSpec endpoint) {
    if (endpoint == null) {
      out.text("", TEXT_MAX);
      out.small(0);
    } else {
      out.text(endpoint.address().host(), TEXT_MAX);
      out.small(endpoint.address().port());
    }
  }

  private static String endpoint(RecordRing.Reader in) {
    String host = in.text();
    int port = in.small();
    return host.isEmpty() ? "" : new HostPort(host, port).toString();
  }

  private static String client(byte[] address, int port) {
    try {
      return address.length == 0
          ? ""
          : AccessLog.address(new InetSocketAddress(InetAddress.getByAddress(address), port));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of " + address.length + " bytes was kept", e);
    }
  }

  private static void text(StringBuilder out, String name, String value) {
    if (!value.isEmpty()) {
      out.append(",\"").append(name).append("\":");
      JsonString.append(out, value);
    }
  }

  private static String millis(long nanos) {
    return String.valueOf(Math.round(nanos / NANOS_PER_MILLI * 100) / 100.0);
  }
}
