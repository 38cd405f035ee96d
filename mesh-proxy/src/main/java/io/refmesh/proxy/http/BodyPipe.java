package io.refmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One body on its way from the stream that receives it to the stream that sends it.
 *
 * <h2>Threading</h2>
 *
 * All calls on the event loop of the exchange; re-entrant calls are fine.
 *
 * <h2>Flow control</h2>
 *
 * The pipe never asks for bytes: the receiving stream may hand over as many as it has credit for
 * (its HTTP/2 window, or a fixed amount for HTTP/1), and gets credit back by {@link
 * Source#consumed} once the other side has taken them. What arrives before a sink is attached is
 * kept; the credit bounds it.
 *
 * <h2>Ownership</h2>
 *
 * {@link #data} takes the buffer over; the sink gets it handed over; after {@link #abandon} or
 * {@link #fail} the pipe releases what it still holds and what still comes.
 */
public final class BodyPipe {

  /** The receiving stream, told what happens at the other end. */
  public interface Source {

    /**
     * So many bytes handed to {@link BodyPipe#data} have been taken; the peer may send as many
     * again.
     */
    void consumed(int bytes);

    /** Nobody wants the rest: stop receiving (reset the stream, or read and drop). */
    void abandoned();
  }

  /** The sending stream. Exactly one of {@code end} and {@code failed} comes last. */
  public interface Sink {

    /** Takes the buffer over; calls {@link BodyPipe#consumed} when it is written. */
    void data(ByteBuf chunk);

    /** The body is complete. */
    void end(@Nullable Http2Headers trailers);

    /** The body was cut: end the stream in a way that the peer cannot take for a clean end. */
    void failed(Outcome.Failed why);
  }

  private final Source source;
  private @Nullable Sink sink;
  private @Nullable ArrayDeque<ByteBuf> kept;
  private @Nullable Http2Headers trailers;
  private Outcome.@Nullable Failed failure;
  private boolean ended;
  private boolean attaching;
  private boolean delivered;
  private boolean abandoned;
  private int moves;
  private long received;
  private @Nullable Runnable onFirstData;

  public BodyPipe(Source source) {
    this.source = source;
  }

  /** A pipe whose body is over: for messages without one. */
  public static BodyPipe empty() {
    BodyPipe pipe = new BodyPipe(NO_SOURCE);
    pipe.end(null);
    return pipe;
  }

  // -- the receiving stream calls these

  /** Takes over one chunk of the body. */
  public void data(ByteBuf chunk) {
    int bytes = chunk.readableBytes();
    moves++;
    received += bytes;
    Runnable first = onFirstData;
    if (first != null) {
      onFirstData = null;
      first.run();
    }
    if (abandoned || ended || failure != null) {
      chunk.release();
      source.consumed(bytes);
    } else if (sink != null && !attaching) {
      sink.data(chunk);
    } else {
      if (kept == null) {
        kept = new ArrayDeque<>(4);
      }
      kept.add(chunk);
    }
  }

  /** The body is complete; {@code trailers} may be null. */
  public void end(@Nullable Http2Headers trailers) {
    if (ended || failure != null) {
      return;
    }
    ended = true;
    this.trailers = trailers;
    if (sink != null && !attaching && !abandoned) {
      delivered = true;
      sink.end(trailers);
    }
  }

  /** The body was cut and will not be completed. Bytes not yet handed on are dropped. */
  public void fail(Outcome.Failed why) {
    if (ended || failure != null) {
      return;
    }
    failure = why;
    releaseKept();
    if (sink != null && !attaching && !abandoned) {
      delivered = true;
      sink.failed(why);
    }
  }

  // -- the sending stream calls these

  /** Hands over what was kept and everything that comes. */
  public void attach(Sink newSink) {
    if (sink != null) {
      throw new IllegalStateException("a body has one sink, and it has one already");
    }
    sink = newSink;
    // What a re-entrant source hands over meanwhile is kept too, so that it comes after what is
    // older.
    attaching = true;
    while (kept != null && !kept.isEmpty() && !abandoned) {
      newSink.data(kept.poll());
    }
    attaching = false;
    if (abandoned || delivered) {
      return;
    }
    if (failure != null) {
      delivered = true;
      newSink.failed(failure);
    } else if (ended) {
      delivered = true;
      newSink.end(trailers);
    }
  }

  /** So many bytes are written: the peer at the other end may send as many again. */
  public void consumed(int bytes) {
    moves++;
    source.consumed(bytes);
  }

  /** Bytes that have arrived so far: for telling how long a body was. */
  public long received() {
    return received;
  }

  /** Run once, when the first chunk arrives, or now if it has; never for a body without one. */
  public void onFirstData(Runnable then) {
    if (received > 0) {
      then.run();
    } else {
      onFirstData = then;
    }
  }

  /** Changes whenever bytes arrive or are taken: for noticing that a body has paused. */
  public int moves() {
    return moves;
  }

  /**
   * Whether the body is complete, cut or not wanted any more: nothing of it is to be waited for.
   */
  public boolean over() {
    return ended || abandoned || failure != null;
  }

  /**
   * The rest is not wanted: kept and coming bytes are released. Safe to call at any time, also
   * after the end.
   */
  public void abandon() {
    if (abandoned) {
      return;
    }
    abandoned = true;
    releaseKept();
    if (!ended && failure == null) {
      source.abandoned();
    }
  }

  /** Whether the whole body has arrived, be it handed on or not. */
  public boolean ended() {
    return ended;
  }

  private void releaseKept() {
    if (kept == null) {
      return;
    }
    int bytes = 0;
    for (ByteBuf chunk = kept.poll(); chunk != null; chunk = kept.poll()) {
      bytes += chunk.readableBytes();
      chunk.release();
    }
    if (bytes > 0) {
      source.consumed(bytes);
    }
  }

  private static final Source NO_SOURCE =
      new Source() {
        @Override
        public void consumed(int bytes) {}

        @Override
        public void abandoned() {}
      };
}
