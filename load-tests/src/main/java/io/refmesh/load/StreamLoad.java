package io.refmesh.load;

import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.refmesh.load.LoadPlan.Protocol;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One stream while it runs: its arrivals so far, its connections, its body. Used on the event loop,
 * the count of started requests from any thread.
 */
final class StreamLoad {

  private final StreamPlan plan;
  private final byte[] requestBody;
  private final @Nullable SslContext tls;
  private final Arrivals arrivals;
  private final AtomicLong started = new AtomicLong();
  private @Nullable Wire wire;

  StreamLoad(StreamPlan plan, long seed, @Nullable SslContext tls) {
    this.plan = plan;
    this.tls = tls;
    this.arrivals = new Arrivals(plan);
    this.requestBody = new byte[plan.bodyBytes()];
    new SplittableRandom(seed ^ plan.id().hashCode()).nextBytes(requestBody);
  }

  StreamPlan plan() {
    return plan;
  }

  long started() {
    return started.get();
  }

  /** Number of the request that starts now. */
  long start() {
    return started.getAndIncrement();
  }

  /** Microseconds from the start of the load to the next arrival. */
  long nextArrivalMicros() {
    return plan.startAfterMillis() * 1000 + arrivals.nextMicros();
  }

  Wire wire(EventLoop loop) {
    Wire open = wire;
    if (open == null) {
      open =
          plan.protocol() == Protocol.H2C
              ? new Http2Wire(loop, plan, requestBody)
              : new Http1Wire(loop, plan, requestBody, tls);
      wire = open;
    }
    return open;
  }

  void close() {
    if (wire != null) {
      wire.close();
    }
  }
}
