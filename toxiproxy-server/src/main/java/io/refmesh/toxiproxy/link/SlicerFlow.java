package io.refmesh.toxiproxy.link;

import io.refmesh.toxiproxy.toxic.Attributes.Slicer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Cuts each chunk into pieces by halving: a range larger than average + variation is split near its
 * middle, give or take the variation, until it is small enough. A pause follows each piece.
 *
 * <p>The ranges still to cut are kept as a stack of their ends, so one piece is found at a time and
 * nothing is built per chunk. The stack is as deep as halvings are needed.
 */
final class SlicerFlow implements Flow {
  private final long largestPieceBytes;
  private final long variationBytes;
  private final long pauseNanos;
  private int[] ends = new int[24];
  private int depth;
  private int position;
  private boolean pausing;
  private long pauseEndNanos;

  SlicerFlow(Slicer slicer) {
    long sum = slicer.averageSizeBytes() + slicer.sizeVariationBytes();
    this.largestPieceBytes = sum < 0 ? Long.MAX_VALUE : sum;
    this.variationBytes = slicer.sizeVariationBytes();
    this.pauseNanos = Stage.nanos(slicer.delayMicros(), TimeUnit.MICROSECONDS);
  }

  @Override
  public int inHand(Stage stage) {
    return depth > 0 ? 1 : 0;
  }

  @Override
  public boolean advance(Stage stage, Outlet next) {
    if (pausing) {
      if (!stage.isDue(pauseEndNanos)) {
        return false;
      }
      pausing = false;
    }
    ChunkQueue held = stage.held();
    if (held.isEmpty()) {
      return stage.endIfInputEnded(next);
    }
    if (!next.ready()) {
      return false;
    }
    if (depth == 0) {
      position = 0;
      push(held.peek().readableBytes());
    }
    int end = ends[depth - 1];
    while (end - position > largestPieceBytes) {
      end = position + (end - position) / 2 + draw(stage);
      push(end);
    }
    depth--;
    stage.passPiece(next, end - position);
    position = end;
    if (pauseNanos > 0) {
      pausing = true;
      pauseEndNanos = stage.now() + pauseNanos;
    }
    return true;
  }

  private int draw(Stage stage) {
    return variationBytes == 0 ? 0 : (int) stage.random().nextLong(-variationBytes, variationBytes);
  }

  private void push(int end) {
    if (depth == ends.length) {
      ends = Arrays.copyOf(ends, depth * 2);
    }
    ends[depth++] = end;
  }
}
