package io.refmesh.toxiproxy.link;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.EventExecutor;
import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicChange;
import java.util.ArrayList;
import java.util.List;

/**
 * One direction of one connection: chunks read from the source pass the stages in order and are
 * written to the destination. Runs on the connection's event loop only.
 *
 * <h2>Back-pressure</h2>
 *
 * One read is outstanding at most, and only when the first stage (or, without stages, the
 * destination) has room. A slow receiver or a slow toxic thus slows the sender.
 *
 * <h2>The pump</h2>
 *
 * Whatever happens (a chunk, room in the destination, an alarm, a change of toxics) ends in {@link
 * #pump}, which lets the stages move chunks, last stage first, until nothing moves. Stages never
 * call each other in any other way, so there is no re-entry to think about.
 *
 * <h2>Changes</h2>
 *
 * A removed toxic's stage stays until what it holds is out and takes nothing more meanwhile; order
 * is kept and nothing is lost, and nobody waits. A stage that has passed its end leaves with
 * everything before it.
 */
public final class Link {
  /**
   * After so many rounds the other connections of the loop get their turn: a long queue before a
   * slicer of small pieces could otherwise hold them up for a second.
   */
  private static final int ROUNDS_MAX = 512;

  private final EventExecutor loop;
  private final LinkEnds ends;
  private final long seed;
  private final Destination destination = new Destination();
  private final List<Stage> stages = new ArrayList<>();

  /**
   * Read but not yet taken by the first stage: one chunk, two when a peer's FIN made the transport
   * read by itself.
   */
  private final ChunkQueue pending = new ChunkQueue();

  private int removals;
  private boolean started;
  private boolean reading;
  private boolean sourceEnded;
  private boolean inputClosed;
  private boolean finished;
  private boolean pumping;
  private boolean pumpAgain;

  /**
   * @param seed everything random on this link follows from it
   */
  public Link(EventExecutor loop, LinkEnds ends, long seed) {
    this.loop = loop;
    this.ends = ends;
    this.seed = seed;
  }

  /** Starts with these toxics; nothing is read before. */
  public void start(List<Toxic> toxics) {
    for (Toxic toxic : toxics) {
      stages.add(newStage(toxic));
    }
    started = true;
    pump();
  }

  /** Applies one change of this direction's toxics; complete when it returns. */
  public void apply(ToxicChange change) {
    if (!started || finished) {
      return;
    }
    switch (change) {
      case ToxicChange.Added(Toxic toxic) -> {
        rerunBefore(stages.size());
        stages.add(newStage(toxic));
      }
      case ToxicChange.Updated(Toxic toxic) -> {
        int index = indexOf(toxic);
        if (index >= 0) {
          stages.get(index).rerun(toxic);
        }
      }
      case ToxicChange.Removed(Toxic toxic) -> {
        int index = indexOf(toxic);
        if (index >= 0) {
          stages.get(index).leave();
          rerunBefore(index);
        }
        removals++;
      }
    }
    pump();
  }

  /** Takes ownership of a chunk that was read from the source. */
  public void received(ByteBuf chunk) {
    if (finished || inputClosed || !chunk.isReadable()) {
      chunk.release();
      return;
    }
    pending.add(chunk, now());
    pump();
  }

  /** Says that the read asked for is over, with or without a chunk. */
  public void readComplete() {
    reading = false;
    pump();
  }

  /** Says that the source will send no more: its peer closed or the socket broke. */
  public void sourceEnded() {
    sourceEnded = true;
    pump();
  }

  /** Says that the destination is gone: what is under way is dropped. */
  public void destinationClosed() {
    finish();
  }

  /** Moves everything that can move. Call it when the destination has room again. */
  public void pump() {
    if (!started || finished) {
      return;
    }
    if (pumping) {
      pumpAgain = true;
      return;
    }
    pumping = true;
    int rounds = 0;
    do {
      pumpAgain = false;
      // Each round moves at most one chunk per stage, so that every stage gets its turn.
      while (moveOnce()) {
        if (++rounds == ROUNDS_MAX) {
          pumping = false;
          loop.execute(this::pump);
          return;
        }
      }
    } while (pumpAgain && !finished);
    pumping = false;
    if (!finished
        && !reading
        && !sourceEnded
        && !inputClosed
        && pending.isEmpty()
        && outlet(0).ready()) {
      reading = true;
      ends.read();
    }
  }

  EventExecutor loop() {
    return loop;
  }

  long now() {
    return loop.ticker().nanoTime();
  }

  private boolean moveOnce() {
    boolean moved = false;
    for (int i = stages.size() - 1; i >= 0 && !finished; i--) {
      Stage stage = stages.get(i);
      moved |= stage.advance(outlet(i + 1));
      if (stage.outputEnded()) {
        closeInputUpTo(i);
        return true;
      }
      if (stage.left()) {
        stages.remove(i);
        moved = true;
      }
    }
    return feed() || moved;
  }

  /** Hands what was read to the first stage. */
  private boolean feed() {
    if (finished || inputClosed) {
      return false;
    }
    Outlet first = outlet(0);
    if (pending.isEmpty()) {
      if (sourceEnded) {
        inputClosed = true;
        first.end();
        return true;
      }
      return false;
    }
    if (!first.ready()) {
      return false;
    }
    long receivedNanos = pending.peekReceivedNanos();
    first.take(pending.poll(), receivedNanos);
    return true;
  }

  private void closeInputUpTo(int last) {
    inputClosed = true;
    pending.clear();
    List<Stage> closed = stages.subList(0, last + 1);
    closed.forEach(Stage::discard);
    closed.clear();
  }

  private void finish() {
    if (!finished) {
      finished = true;
      pending.clear();
      stages.forEach(Stage::discard);
    }
  }

  private Stage newStage(Toxic toxic) {
    return new Stage(this, toxic, Seeds.mix(Seeds.mix(seed, toxic.name().hashCode()), removals));
  }

  private Outlet outlet(int index) {
    return index < stages.size() ? stages.get(index) : destination;
  }

  private int indexOf(Toxic toxic) {
    for (int i = 0; i < stages.size(); i++) {
      if (stages.get(i).works(toxic)) {
        return i;
      }
    }
    return -1;
  }

  private void rerunBefore(int index) {
    for (int i = index - 1; i >= 0; i--) {
      if (!stages.get(i).leaving()) {
        stages.get(i).rerun();
        return;
      }
    }
  }

  /** The end of the chain. */
  private final class Destination implements Outlet {
    @Override
    public boolean ready() {
      return ends.writable();
    }

    @Override
    public void take(ByteBuf chunk, long receivedNanos) {
      ends.write(chunk);
    }

    @Override
    public void end() {
      finish();
      ends.close();
    }
  }
}
