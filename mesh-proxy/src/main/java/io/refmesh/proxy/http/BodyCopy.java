package io.refmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Outcome.Progress;
import org.jspecify.annotations.Nullable;

/**
 * Gives a second reader a copy of a body while the first gets the very chunks that arrive. On the
 * event loop of the exchange.
 *
 * <p>The first reader never waits for the second: credit goes by the first alone, and when the
 * second has more than a bound of bytes yet to take, its copy is cut. The bytes are copied, so that
 * what waits is bounded by the bound and not by the buffers that chunks are slices of.
 */
public final class BodyCopy implements BodyPipe.Sink {

  private final BodyPipe original;
  private final int bytesMax;
  private final ByteBufAllocator allocator;
  private final BodyPipe first = new BodyPipe(new First());
  private final BodyPipe second = new BodyPipe(new Second());
  private int waitingBytes;
  private boolean secondOver;
  private boolean cut;

  private BodyCopy(BodyPipe original, int bytesMax, ByteBufAllocator allocator) {
    this.original = original;
    this.bytesMax = bytesMax;
    this.allocator = allocator;
  }

  /**
   * @param original a body that nobody reads yet
   * @param bytesMax that the second reader may be behind
   */
  public static BodyCopy of(BodyPipe original, int bytesMax, ByteBufAllocator allocator) {
    return new BodyCopy(original, bytesMax, allocator);
  }

  /** Begins to hand on; once both readers' pipes have been given away. */
  public void begin() {
    original.attach(this);
  }

  public BodyPipe first() {
    return first;
  }

  public BodyPipe second() {
    return second;
  }

  /** Whether the copy was cut because its reader was too far behind. */
  public boolean cut() {
    return cut;
  }

  @Override
  public void data(ByteBuf chunk) {
    int bytes = chunk.readableBytes();
    if (!secondOver) {
      if (waitingBytes + bytes > bytesMax) {
        cut = true;
        cutSecond("the copy of the body is more than " + bytesMax + " bytes behind");
      } else {
        waitingBytes += bytes;
        ByteBuf copy = allocator.buffer(bytes, bytes);
        copy.writeBytes(chunk, chunk.readerIndex(), bytes);
        second.data(copy);
      }
    }
    first.data(chunk);
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {
    if (!secondOver) {
      secondOver = true;
      second.end(trailers);
    }
    first.end(trailers);
  }

  @Override
  public void failed(Outcome.Failed why) {
    if (!secondOver) {
      secondOver = true;
      second.fail(why);
    }
    first.fail(why);
  }

  private void cutSecond(String why) {
    secondOver = true;
    second.fail(new Outcome.Failed(MeshError.OVERLOADED, why, Progress.SENT));
  }

  private final class First implements BodyPipe.Source {

    @Override
    public void consumed(int bytes) {
      original.consumed(bytes);
    }

    @Override
    public void abandoned() {
      // The rest will not come, so the copy cannot become complete.
      if (!secondOver) {
        cutSecond("the request ended before its body did");
      }
      original.abandon();
    }
  }

  private final class Second implements BodyPipe.Source {

    @Override
    public void consumed(int bytes) {
      waitingBytes -= bytes;
    }

    @Override
    public void abandoned() {
      secondOver = true;
    }
  }
}
