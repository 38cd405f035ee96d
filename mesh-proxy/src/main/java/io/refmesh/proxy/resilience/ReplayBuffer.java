package io.refmesh.proxy.resilience;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a copy of a request body for another try, up to a limit, while the current try gets it as
 * it comes. On the event loop of the exchange.
 *
 * <h2>Bytes</h2>
 *
 * The current try is handed the very chunks that arrive. Beside that they are copied into blocks,
 * so that what is kept is bounded by the limit and not by the buffers that small chunks are slices
 * of. A later try is first given slices of the blocks, then what arrives; a block is never moved,
 * since those slices may be on their way out. Past the limit the copy is released and the body goes
 * on to the current try only.
 *
 * <h2>Credit</h2>
 *
 * The original source gets credit for each byte once: when the try that was handed the chunk has
 * taken it, or when that try is cut. Bytes of the copy give none.
 */
final class ReplayBuffer implements BodyPipe.Sink {

  /** Small bodies are the rule, and most come in one chunk. */
  private static final int BLOCK_BYTES_MIN = 512;

  private final BodyPipe original;
  private final int limitBytes;
  private final ByteBufAllocator allocator;
  private final List<ByteBuf> blocks = new ArrayList<>(2);
  private int keptBytes;
  private @Nullable TryBody current;
  private @Nullable TryBody before;
  private @Nullable Http2Headers trailers;
  private boolean ended;
  private boolean keeping = true;
  private boolean replayable = true;

  ReplayBuffer(BodyPipe original, int limitBytes, ByteBufAllocator allocator) {
    this.original = original;
    this.limitBytes = limitBytes;
    this.allocator = allocator;
  }

  /** The body of the first try. */
  BodyPipe first() {
    TryBody body = new TryBody(0);
    current = body;
    original.attach(this);
    return body.pipe;
  }

  /** Whether another try can be given the whole body. */
  boolean replayable() {
    return replayable;
  }

  /**
   * Whether the body has arrived whole. If not, a try that is over is still being sent the rest of
   * it.
   */
  boolean ended() {
    return ended;
  }

  /**
   * Makes the body of the next try; from now on it gets what arrives. The one before is cut by
   * {@link #cutBefore}. Only while {@link #replayable}.
   */
  BodyPipe next() {
    if (!replayable || !keeping) {
      throw new IllegalStateException("the body is not kept for another try");
    }
    cutBefore();
    detach();
    TryBody body = new TryBody(keptBytes);
    current = body;
    for (ByteBuf block : blocks) {
      body.pipe.data(block.retainedSlice());
    }
    if (ended) {
      body.pipe.end(trailers);
    }
    return body.pipe;
  }

  /** Cuts the body of the try before, if it is not complete. Safe to repeat. */
  void cutBefore() {
    TryBody body = before;
    before = null;
    if (body != null) {
      body.pipe.fail(
          new Outcome.Failed(
              MeshError.UPSTREAM_RESET, "the try is over, another one follows", Progress.SENT));
      // A body that was complete and that the try never took is not cut: its bytes are released.
      body.pipe.abandon();
    }
  }

  /** There will be no other try: releases the copy; the current try goes on. Safe to repeat. */
  void commit() {
    if (!keeping) {
      return;
    }
    keeping = false;
    replayable = false;
    releaseCopy();
    cutBefore();
    if (current != null && current.abandoned) {
      original.abandon();
    }
  }

  /** The exchange is over: releases what the current try has not taken. Safe to repeat. */
  void close() {
    commit();
    if (current != null) {
      current.pipe.abandon();
    }
  }

  @Override
  public void data(ByteBuf chunk) {
    keep(chunk);
    TryBody body = current;
    if (body == null) {
      int bytes = chunk.readableBytes();
      chunk.release();
      original.consumed(bytes);
      return;
    }
    body.owed += chunk.readableBytes();
    body.pipe.data(chunk);
  }

  @Override
  public void end(@Nullable Http2Headers ending) {
    ended = true;
    trailers = ending;
    if (current != null) {
      current.pipe.end(ending);
    }
  }

  @Override
  public void failed(Outcome.Failed why) {
    replayable = false;
    releaseCopy();
    if (current != null) {
      current.pipe.fail(why);
    }
  }

  private void keep(ByteBuf chunk) {
    if (!replayable) {
      return;
    }
    if (keptBytes + chunk.readableBytes() > limitBytes) {
      replayable = false;
      releaseCopy();
      if (current != null && current.abandoned) {
        original.abandon();
      }
      return;
    }
    keptBytes += chunk.readableBytes();
    int from = chunk.readerIndex();
    while (from < chunk.writerIndex()) {
      int left = chunk.writerIndex() - from;
      if (blocks.isEmpty() || !blocks.getLast().isWritable()) {
        int size = Math.max(BLOCK_BYTES_MIN, left);
        blocks.add(allocator.buffer(size, size));
      }
      ByteBuf block = blocks.getLast();
      int fits = Math.min(left, block.writableBytes());
      block.writeBytes(chunk, from, fits);
      from += fits;
    }
  }

  private void releaseCopy() {
    blocks.forEach(ByteBuf::release);
    blocks.clear();
  }

  /** The current try gets nothing more, and no credit is waited for. */
  private void detach() {
    TryBody body = current;
    if (body == null) {
      return;
    }
    current = null;
    before = body;
    int owed = body.owed;
    body.owed = 0;
    body.detached = true;
    if (owed > 0) {
      original.consumed(owed);
    }
  }

  /** The body of one try. */
  private final class TryBody implements BodyPipe.Source {

    private final BodyPipe pipe = new BodyPipe(this);
    private int fromCopy;
    private int owed;
    private boolean detached;
    private boolean abandoned;

    TryBody(int fromCopy) {
      this.fromCopy = fromCopy;
    }

    @Override
    public void consumed(int bytes) {
      if (detached) {
        return;
      }
      int copied = Math.min(bytes, fromCopy);
      fromCopy -= copied;
      int live = Math.min(bytes - copied, owed);
      if (live > 0) {
        owed -= live;
        original.consumed(live);
      }
    }

    @Override
    public void abandoned() {
      if (detached) {
        return;
      }
      abandoned = true;
      // Another try may still want the rest.
      if (!replayable) {
        original.abandon();
      }
    }
  }
}
