package io.refmesh.load;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.refmesh.load.LoadPlan.Protocol;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A wire on an event loop of its own, for tests. */
final class WireClient implements AutoCloseable {

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final LoadClock clock = LoadClock.system();
  private final StreamPlan plan;
  private final Wire wire;
  private final AtomicReference<Exchange> last = new AtomicReference<>();

  WireClient(Streams streams) throws PlanRefused {
    this.plan = streams.plan();
    byte[] body = new byte[plan.bodyBytes()];
    this.wire =
        plan.protocol() == Protocol.H2C
            ? new Http2Wire(group.next(), plan, body)
            : new Http1Wire(group.next(), plan, body, VerifiedTls.of(plan));
  }

  /** Sends and waits for the end. */
  RequestRecord send(String path) throws Exception {
    return start(path).get(5, TimeUnit.SECONDS);
  }

  CompletableFuture<RequestRecord> start(String path) {
    CompletableFuture<RequestRecord> record = new CompletableFuture<>();
    group.execute(() -> {
      Exchange exchange =
          new Exchange(plan, "t-0", path, 0, clock.epochMicros(), clock, record::complete);
      last.set(exchange);
      wire.send(exchange);
    });
    return record;
  }

  /** What the deadline does, without waiting for it. */
  void abandonLast() {
    group.execute(() -> last.get().abandon(Outcome.TIMEOUT, "no whole answer"));
  }

  @Override
  public void close() {
    group.execute(wire::close);
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
