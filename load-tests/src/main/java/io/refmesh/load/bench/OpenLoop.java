package io.refmesh.load.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sends HTTP/1.1 GETs at a fixed mean rate with random (Poisson) gaps, whatever comes back, and
 * measures each from the moment it was meant to be sent: a stall delays all that were due in it,
 * and is counted for all of them. One thread sends when requests are due, another reads answers.
 */
final class OpenLoop {

  private static final int CONNECTIONS = 64;
  private static final byte[] REQUEST =
      "GET /small HTTP/1.1\r\nHost: app.bench.local\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END_OF_HEAD = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final String LENGTH = "\r\ncontent-length: ";
  private static final long DRAIN_NANOS = 2_000_000_000L;

  /** Sleeps shorter than this are not worth their wake-up: what is due soon is sent at once. */
  private static final long SLACK_NANOS = 50_000;

  private static final class Connection {
    final SocketChannel channel;
    final ByteBuffer read = ByteBuffer.allocate(16 * 1024);
    volatile long intended;

    Connection(SocketChannel channel) {
      this.channel = channel;
    }
  }

  private final Selector selector;
  private final ConcurrentLinkedQueue<Connection> idle = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Long> late = new ConcurrentLinkedQueue<>();
  private final long[] latencies;
  private final int planned;
  private final AtomicInteger ended = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();

  private OpenLoop(Selector selector, int planned) {
    this.selector = selector;
    this.planned = planned;
    latencies = new long[planned];
  }

  static Load run(int port, int rate, int seconds) throws IOException {
    return run(new InetSocketAddress("127.0.0.1", port), rate, seconds);
  }

  static Load run(InetSocketAddress server, int rate, int seconds) throws IOException {
    try (Selector selector = Selector.open()) {
      OpenLoop loop = new OpenLoop(selector, rate * seconds);
      for (int i = 0; i < CONNECTIONS; i++) {
        SocketChannel channel = SocketChannel.open(server);
        channel.setOption(java.net.StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        Connection connection = new Connection(channel);
        channel.register(selector, SelectionKey.OP_READ, connection);
        loop.idle.add(connection);
      }
      Thread reader = new Thread(loop::read, "open-loop-reader");
      reader.setDaemon(true);
      reader.start();
      long begin = System.nanoTime();
      loop.send(rate, begin);
      long end = System.nanoTime();
      while (loop.ended.get() + loop.failed.get() < loop.planned
          && System.nanoTime() - end < DRAIN_NANOS) {
        LockSupport.parkNanos(SLACK_NANOS);
      }
      for (SelectionKey key : selector.keys()) {
        key.channel().close();
      }
      return loop.result((System.nanoTime() - begin) / 1e9);
    }
  }

  private Load result(double seconds) {
    long[] sorted = Arrays.copyOf(latencies, ended.get());
    Arrays.sort(sorted);
    Map<String, Double> more = new LinkedHashMap<>();
    if (sorted.length > 0) {
      more.put("p50_ms", sorted[sorted.length / 2] / 1e6);
      more.put("p99_ms", sorted[(int) (sorted.length * 0.99)] / 1e6);
      more.put("p999_ms", sorted[(int) (sorted.length * 0.999)] / 1e6);
    }
    return new Load(sorted.length, seconds, planned - sorted.length, more);
  }

  private void send(int rate, long begin) throws IOException {
    Random random = new Random(42);
    double due = begin;
    for (int i = 0; i < planned; i++) {
      due += -Math.log(1 - random.nextDouble()) * 1e9 / rate;
      long left = (long) due - System.nanoTime();
      while (left > SLACK_NANOS) {
        LockSupport.parkNanos(left - SLACK_NANOS / 2);
        left = (long) due - System.nanoTime();
      }
      Connection connection = idle.poll();
      if (connection == null) {
        // All are busy: the reader sends it on the first that is free, and its clock runs already.
        late.add((long) due);
      } else {
        start(connection, (long) due);
      }
    }
  }

  private static void start(Connection connection, long intended) throws IOException {
    connection.intended = intended;
    connection.channel.write(ByteBuffer.wrap(REQUEST));
  }

  private void read() {
    try {
      while (selector.isOpen()) {
        selector.select(this::readable, 100);
      }
    } catch (IOException | java.nio.channels.ClosedSelectorException e) {
      // Closed under us: the run is over.
    }
  }

  private void readable(SelectionKey key) {
    Connection connection = (Connection) key.attachment();
    try {
      if (connection.channel.read(connection.read) < 0) {
        throw new IOException("closed by the peer");
      }
      Boolean ok = whole(connection.read);
      if (ok == null) {
        return;
      }
      connection.read.clear();
      if (ok) {
        latencies[ended.get()] = System.nanoTime() - connection.intended;
        ended.incrementAndGet();
      } else {
        failed.incrementAndGet();
      }
      Long waiting = late.poll();
      if (waiting == null) {
        idle.add(connection);
      } else {
        start(connection, waiting);
      }
    } catch (IOException e) {
      failed.incrementAndGet();
      key.cancel();
    }
  }

  /** Whether a whole answer is there, and then whether it is a good one. */
  private static @Nullable Boolean whole(ByteBuffer read) {
    byte[] bytes = read.array();
    for (int at = 0; at + END_OF_HEAD.length <= read.position(); at++) {
      if (Arrays.equals(bytes, at, at + END_OF_HEAD.length, END_OF_HEAD, 0, END_OF_HEAD.length)) {
        String head =
            new String(bytes, 0, at, StandardCharsets.US_ASCII).toLowerCase(java.util.Locale.ROOT);
        int length = head.indexOf(LENGTH);
        if (length < 0) {
          return false;
        }
        int end = head.indexOf('\r', length + LENGTH.length());
        int body =
            Integer.parseInt(
                head.substring(length + LENGTH.length(), end < 0 ? head.length() : end).strip());
        return read.position() < at + END_OF_HEAD.length + body
            ? null
            : head.startsWith("http/1.1 200");
      }
    }
    return null;
  }
}
