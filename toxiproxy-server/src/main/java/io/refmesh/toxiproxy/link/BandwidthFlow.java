package io.refmesh.toxiproxy.link;

import io.refmesh.toxiproxy.toxic.Attributes.Bandwidth;

/**
 * Waits as long as each piece takes at the given rate, then passes it. A chunk that takes longer
 * than 100 ms goes out in pieces of 100 ms. A piece that left late shortens the wait for the next,
 * so timer error does not add up; idle time earns nothing.
 */
final class BandwidthFlow implements Flow {
  private static final long PIECE_MILLIS = 100;
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** The rate: 1 KB/s is 1000 bytes in 1000 ms. */
  private final long bytesPerMilli;

  private boolean waiting;
  private boolean due;
  private int pieceBytes;
  private long dueNanos;
  private long lateNanos;

  BandwidthFlow(Bandwidth bandwidth) {
    this.bytesPerMilli = bandwidth.kilobytesPerSecond();
  }

  @Override
  public boolean advance(Stage stage, Outlet next) {
    ChunkQueue held = stage.held();
    if (held.isEmpty()) {
      return stage.endIfInputEnded(next);
    }
    if (bytesPerMilli == 0) {
      return false;
    }
    if (!waiting) {
      pieceBytes = pieceOf(held.peek().readableBytes());
      dueNanos = stage.now() + pieceBytes * NANOS_PER_MILLI / bytesPerMilli - lateNanos;
      waiting = true;
      due = false;
    }
    if (!due) {
      if (!stage.isDue(dueNanos)) {
        return false;
      }
      // Measured once, when the wait is over: a slow receiver must not earn credit.
      due = true;
      lateNanos = stage.now() - dueNanos;
    }
    if (!next.ready()) {
      return false;
    }
    waiting = false;
    stage.passPiece(next, pieceBytes);
    return true;
  }

  private int pieceOf(int bytes) {
    return bytesPerMilli >= bytes ? bytes : (int) Math.min(bytes, bytesPerMilli * PIECE_MILLIS);
  }
}
