package io.refmesh.shop.serve;

import io.refmesh.shop.record.ShopClock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The ledger over raw TCP, one connection per order; run on a virtual thread, whose interruption
 * closes the socket.
 */
public final class LedgerService {
  private static final String NAME = "ledger";
  private static final int LINE_BYTES_MAX = 8192;

  private final URI base;
  private final CallCounts counts;
  private final ShopClock clock;

  public LedgerService(URI base, CallCounts counts, ShopClock clock) {
    this.base = base;
    this.counts = counts;
    this.clock = clock;
  }

  CallResult append(String id, String text) throws InterruptedException {
    long start = clock.nanos().getAsLong();
    counts.started(NAME);
    try {
      String line = exchange("APPEND " + id + " " + text);
      if (line.startsWith("OK ")) {
        counts.answered(NAME, 201);
        return result(
            201, Map.of("instance", line.substring(line.lastIndexOf(' ') + 1)), start, null);
      }
      counts.answered(NAME, 502);
      return result(502, Map.of(), start, "ledger said: " + line);
    } catch (IOException e) {
      counts.failed(NAME);
      if (Thread.interrupted()) {
        throw new InterruptedException("cancelled while the ledger was asked");
      }
      return result(0, Map.of(), start, base + ": " + Service.reason(e));
    }
  }

  private String exchange(String order) throws IOException {
    int timeoutMillis = (int) Service.TIMEOUT.toMillis();
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(base.getHost(), base.getPort()), timeoutMillis);
      socket.setSoTimeout(timeoutMillis);
      socket.getOutputStream().write((order + "\n").getBytes(StandardCharsets.UTF_8));
      InputStream answers = socket.getInputStream();
      String line = line(answers);
      if (line.startsWith("READY ")) {
        line = line(answers);
      }
      return line;
    }
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int next = in.read();
    while (next != '\n') {
      if (next < 0 || line.size() == LINE_BYTES_MAX) {
        throw new IOException(
            next < 0 ? "connection closed before an answer" : "answer line too long");
      }
      line.write(next);
      next = in.read();
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  private CallResult result(
      int status, Map<String, String> facts, long start, @Nullable String error) {
    double millis = ShopClock.millis(clock.nanos().getAsLong() - start);
    return new CallResult(NAME, status, facts, new byte[0], millis, error);
  }
}
