package io.refmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/**
 * Reads a response body that nobody gets, up to a bound, so that its connection can go on; then
 * gives it up. On the event loop of the exchange.
 */
public final class DroppedBody implements BodyPipe.Sink {

  private final BodyPipe body;
  private final int bytesMax;
  private int bytes;

  private DroppedBody(BodyPipe body, int bytesMax) {
    this.body = body;
    this.bytesMax = bytesMax;
  }

  /**
   * @param body null for a head without one
   */
  public static @Nullable DroppedBody of(@Nullable BodyPipe body, int bytesMax) {
    if (body == null) {
      return null;
    }
    DroppedBody dropped = new DroppedBody(body, bytesMax);
    body.attach(dropped);
    return dropped;
  }

  @Override
  public void data(ByteBuf chunk) {
    int read = chunk.readableBytes();
    chunk.release();
    body.consumed(read);
    bytes += read;
    if (bytes > bytesMax) {
      body.abandon();
    }
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {}

  @Override
  public void failed(Outcome.Failed why) {}

  /** The rest is not waited for. */
  public void giveUp() {
    if (!body.ended()) {
      body.abandon();
    }
  }
}
