package io.refmesh.toxiproxy.link;

import io.refmesh.toxiproxy.toxic.Attributes.Latency;

/**
 * Lets each chunk go at its receive time + latency ± jitter, in order. The chunk goes on with its
 * due time as its receive time, so two latency toxics add up. The close of the connection follows
 * the last chunk without a delay of its own.
 */
final class LatencyFlow implements Flow {
  /**
   * As many chunks as the original queues; at 32 KiB each this bounds a connection's memory to 32
   * MiB.
   */
  static final int QUEUE_MAX = 1024;

  private final Latency latency;
  private boolean headDrawn;
  private long headDueNanos;

  LatencyFlow(Latency latency) {
    this.latency = latency;
  }

  @Override
  public boolean hasRoom(Stage stage) {
    return stage.held().size() < QUEUE_MAX;
  }

  @Override
  public void arrived(Stage stage) {
    stage.shrinkTail();
  }

  @Override
  public boolean advance(Stage stage, Outlet next) {
    ChunkQueue held = stage.held();
    if (held.isEmpty()) {
      return stage.endIfInputEnded(next);
    }
    if (!headDrawn) {
      headDueNanos = held.peekReceivedNanos() + delayNanos(stage);
      headDrawn = true;
    }
    if (!stage.isDue(headDueNanos) || !next.ready()) {
      return false;
    }
    headDrawn = false;
    next.take(held.poll(), headDueNanos);
    return true;
  }

  private long delayNanos(Stage stage) {
    long jitter = latency.jitterMillis();
    long drawnMillis = jitter > 0 ? stage.random().nextLong(-jitter, jitter) : 0;
    return Stage.nanos(latency.latencyMillis()) + Stage.nanos(drawnMillis);
  }
}
