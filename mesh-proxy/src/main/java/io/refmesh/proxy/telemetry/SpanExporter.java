package io.refmesh.proxy.telemetry;

import com.google.protobuf.CodedInputStream;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Sends spans to a collector by OTLP/gRPC, in batches, from a virtual thread. Spans that find the
 * queue full and batches that the collector does not take are dropped and counted: traffic never
 * waits for a collector.
 */
public final class SpanExporter implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(SpanExporter.class.getName());

  /** Some seconds at a rate that a collector takes; a few MB. */
  private static final int QUEUE_MAX = 2_048;

  private static final int BATCH_MAX = 512;

  private static final MethodDescriptor<byte[], byte[]> EXPORT =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("opentelemetry.proto.collector.trace.v1.TraceService/Export")
          .setRequestMarshaller(new Bytes())
          .setResponseMarshaller(new Bytes())
          .build();

  private final OtlpSpans format;
  private final ManagedChannel collector;
  private final Duration every;
  private final Duration timeout;
  private final InstantSource clock;
  private final Counter exported;
  private final Counter dropped;
  private final Predicate<String> lines;
  private final BlockingQueue<byte[]> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param collector closed with this
   * @param every how long a span waits for others at most
   * @param timeout how long the collector may take for a batch
   * @param lines whether a line of the log about this subject is due
   */
  public SpanExporter(
      OtlpSpans format,
      ManagedChannel collector,
      Duration every,
      Duration timeout,
      InstantSource clock,
      Predicate<String> lines,
      ProxyMetrics metrics) {
    this.format = format;
    this.collector = collector;
    this.every = every;
    this.timeout = timeout;
    this.clock = clock;
    this.lines = lines;
    exported = metrics.counter(ProxyMetric.TRACE_SPANS_TOTAL, "exported");
    dropped = metrics.counter(ProxyMetric.TRACE_SPANS_TOTAL, "dropped");
    thread = Thread.ofVirtual().name("spans").unstarted(this::run);
  }

  /** Once. */
  public void start() {
    thread.start();
  }

  /** Of an exchange that has ended; on its event loop. */
  void export(Span span, ObservedExchange exchange) {
    if (!queue.offer(format.span(span, exchange, clock.instant()))) {
      dropped.increment();
    }
  }

  /** Sends what waits, if the collector takes it at once. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(Duration.ofSeconds(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    collector.shutdownNow();
  }

  private void run() {
    List<byte[]> batch = new ArrayList<>();
    while (!closed) {
      try {
        byte[] first = queue.take();
        batch.add(first);
        TimeUnit.NANOSECONDS.sleep(every.toNanos());
      } catch (InterruptedException e) {
        // Closed; what is here goes out once more.
      }
      queue.drainTo(batch, BATCH_MAX - batch.size());
      while (!batch.isEmpty()) {
        send(batch);
        batch.clear();
        queue.drainTo(batch, BATCH_MAX);
      }
    }
  }

  private void send(List<byte[]> batch) {
    try {
      byte[] answer =
          ClientCalls.blockingUnaryCall(
              collector,
              EXPORT,
              CallOptions.DEFAULT.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS),
              format.request(batch));
      long refused =
          Math.min(OtlpSpans.rejected(CodedInputStream.newInstance(answer)), batch.size());
      exported.add(batch.size() - refused);
      dropped.add(refused);
    } catch (StatusRuntimeException e) {
      dropped.add(batch.size());
      if (lines.test("collector")) {
        LOG.log(
            Level.WARNING,
            "spans not exported: collector={0} reason=\"{1}\"; they are dropped and counted",
            new Object[] {collector.authority(), reason(e.getStatus())});
      }
    }
  }

  private static String reason(Status status) {
    Throwable cause = status.getCause();
    return status.getCode()
        + (status.getDescription() == null ? "" : ", " + status.getDescription())
        + (cause == null ? "" : ": " + cause.getMessage());
  }

  /** Messages are made and read by {@link OtlpSpans}. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {

    @Override
    public InputStream stream(byte[] message) {
      return new ByteArrayInputStream(message);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
