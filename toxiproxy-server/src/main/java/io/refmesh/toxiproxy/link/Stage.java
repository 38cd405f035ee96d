package io.refmesh.toxiproxy.link;

import io.netty.buffer.ByteBuf;
import io.refmesh.toxiproxy.toxic.Attributes;
import io.refmesh.toxiproxy.toxic.Attributes.Bandwidth;
import io.refmesh.toxiproxy.toxic.Attributes.Latency;
import io.refmesh.toxiproxy.toxic.Attributes.LimitData;
import io.refmesh.toxiproxy.toxic.Attributes.Noop;
import io.refmesh.toxiproxy.toxic.Attributes.ResetPeer;
import io.refmesh.toxiproxy.toxic.Attributes.Slicer;
import io.refmesh.toxiproxy.toxic.Attributes.SlowClose;
import io.refmesh.toxiproxy.toxic.Attributes.Timeout;
import io.refmesh.toxiproxy.toxic.Toxic;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * One toxic at work on one link: holds the chunks that wait here, and lets the toxic's flow decide
 * about them.
 *
 * <p>Whether the toxic acts is drawn when the stage starts, and again whenever it is rerun: on its
 * own update, and when its neighbour behind it comes or goes.
 */
final class Stage implements Outlet {
  /** Where millisecond counts stop growing: 100 years, far from overflow when added to a clock. */
  private static final long NANOS_MAX = TimeUnit.DAYS.toNanos(36_500);

  private final Link link;
  private final SplittableRandom random;
  private final Alarm alarm;
  private final ChunkQueue held = new ChunkQueue();
  private Toxic toxic;
  private Flow flow;
  private long passedBytes;
  private int released;
  private boolean inputEnded;
  private boolean closing;
  private boolean leaving;
  private boolean outputEnded;

  Stage(Link link, Toxic toxic, long seed) {
    this.link = link;
    this.toxic = toxic;
    this.random = new SplittableRandom(seed);
    this.alarm = new Alarm(link.loop(), link::pump);
    this.flow = draw();
  }

  // What the link does with a stage.

  boolean works(Toxic other) {
    return !leaving && toxic.name().equals(other.name());
  }

  boolean leaving() {
    return leaving;
  }

  boolean outputEnded() {
    return outputEnded;
  }

  /** Whether a leaving stage has nothing more to pass on. */
  boolean left() {
    return leaving && held.isEmpty() && !closing && !inputEnded;
  }

  /** Starts the flow again, as {@code now} says; what is in hand goes out at once. */
  void rerun(Toxic now) {
    toxic = now;
    if (closing || leaving) {
      return;
    }
    alarm.cancel();
    if (flow instanceof ResetPeerFlow reset && reset.begun()) {
      if (now.attributes() instanceof ResetPeer attributes) {
        reset.retime(attributes);
      }
      return;
    }
    released = Math.max(released, flow.inHand(this));
    flow = draw();
  }

  void rerun() {
    rerun(toxic);
  }

  /**
   * Stops the toxic. Everything held goes out, and the link drops the stage after that. A timeout
   * closes the connection, as in the original, even where its draw made it a no-op; so does a reset
   * that has begun: its data is gone.
   */
  void leave() {
    alarm.cancel();
    leaving = true;
    if (toxic.attributes() instanceof Timeout
        || (flow instanceof ResetPeerFlow reset && reset.begun())) {
      closing = true;
    }
  }

  /** Drops everything without passing it on. */
  void discard() {
    alarm.cancel();
    held.clear();
    outputEnded = true;
  }

  /** Does one step, if there is one to do; returns whether anything moved. */
  boolean advance(Outlet next) {
    if (outputEnded) {
      return false;
    }
    if (released > 0) {
      if (!passHead(next)) {
        return false;
      }
      released--;
      return true;
    }
    if (closing || leaving) {
      if (!held.isEmpty()) {
        return passHead(next);
      }
      return (closing || inputEnded) && passEnd(next);
    }
    return flow.advance(this, next);
  }

  @Override
  public boolean ready() {
    return released == 0 && !inputEnded && !closing && !leaving && flow.hasRoom(this);
  }

  @Override
  public void take(ByteBuf chunk, long receivedNanos) {
    held.add(chunk, receivedNanos);
    flow.arrived(this);
  }

  @Override
  public void end() {
    inputEnded = true;
  }

  // What flows do with their stage.

  ChunkQueue held() {
    return held;
  }

  SplittableRandom random() {
    return random;
  }

  long now() {
    return link.now();
  }

  boolean inputEnded() {
    return inputEnded;
  }

  long passedBytes() {
    return passedBytes;
  }

  void countPassed(int bytes) {
    passedBytes += bytes;
  }

  /** Whether {@code nanos} has come; if not, the stage is woken then. */
  boolean isDue(long nanos) {
    if (nanos - now() <= 0) {
      return true;
    }
    alarm.at(nanos);
    return false;
  }

  /** Passes the oldest chunk if there is room for it. */
  boolean passHead(Outlet next) {
    if (!next.ready()) {
      return false;
    }
    long receivedNanos = held.peekReceivedNanos();
    next.take(held.poll(), receivedNanos);
    return true;
  }

  /** Passes the first bytes of the oldest chunk; the caller has checked that there is room. */
  void passPiece(Outlet next, int bytes) {
    long receivedNanos = held.peekReceivedNanos();
    ByteBuf head = held.peek();
    next.take(
        bytes == head.readableBytes() ? held.poll() : head.readRetainedSlice(bytes), receivedNanos);
  }

  /** Passes the end on, once all data is out. */
  boolean endIfInputEnded(Outlet next) {
    return inputEnded && passEnd(next);
  }

  /** Ends the output after what is held, whatever still comes in. */
  void close() {
    alarm.cancel();
    closing = true;
  }

  /**
   * Moves a small chunk out of its large read buffer, so that a long queue of small chunks takes
   * memory for what it holds. Only the chunk that just arrived can be the tail, and only it is
   * looked at.
   */
  void shrinkTail() {
    held.replaceTail(chunk -> chunk.readableBytes() * 4 < chunk.capacity() ? copy(chunk) : chunk);
  }

  private static ByteBuf copy(ByteBuf chunk) {
    ByteBuf small = chunk.alloc().buffer(chunk.readableBytes());
    small.writeBytes(chunk);
    chunk.release();
    return small;
  }

  private boolean passEnd(Outlet next) {
    outputEnded = true;
    alarm.cancel();
    next.end();
    return true;
  }

  private Flow draw() {
    boolean acts = random.nextFloat() < toxic.toxicity();
    return acts ? flowOf(toxic.attributes()) : new PassFlow();
  }

  private Flow flowOf(Attributes attributes) {
    return switch (attributes) {
      case Noop() -> new PassFlow();
      case Latency latency -> new LatencyFlow(latency);
      case Bandwidth bandwidth -> new BandwidthFlow(bandwidth);
      case SlowClose slowClose -> new SlowCloseFlow(slowClose);
      case Timeout timeout -> new TimeoutFlow(timeout, now());
      case ResetPeer resetPeer -> new ResetPeerFlow(resetPeer);
      case Slicer slicer -> new SlicerFlow(slicer);
      case LimitData limit -> new LimitDataFlow(limit);
    };
  }

  /** A client's count as nanoseconds; anything beyond 100 years either way is 100 years. */
  static long nanos(long count, TimeUnit unit) {
    return Math.clamp(unit.toNanos(count), -NANOS_MAX, NANOS_MAX);
  }

  static long nanos(long millis) {
    return nanos(millis, TimeUnit.MILLISECONDS);
  }
}
