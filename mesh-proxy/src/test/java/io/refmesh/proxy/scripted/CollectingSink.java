package io.refmesh.proxy.scripted;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Outcome;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Takes a body and says at once that it was taken, unless told to be slow. */
public final class CollectingSink implements BodyPipe.Sink {

  private final BodyPipe pipe;
  private final boolean slow;
  private final StringBuilder text = new StringBuilder();
  public boolean ended;
  public @Nullable Http2Headers trailers;
  public Outcome.@Nullable Failed failure;

  private CollectingSink(BodyPipe pipe, boolean slow) {
    this.pipe = pipe;
    this.slow = slow;
  }

  public static CollectingSink on(BodyPipe pipe) {
    CollectingSink sink = new CollectingSink(pipe, false);
    pipe.attach(sink);
    return sink;
  }

  /** Takes bytes without giving credit back. */
  public static CollectingSink slowOn(BodyPipe pipe) {
    CollectingSink sink = new CollectingSink(pipe, true);
    pipe.attach(sink);
    return sink;
  }

  public String text() {
    return text.toString();
  }

  @Override
  public void data(ByteBuf chunk) {
    if (ended || failure != null) {
      throw new AssertionError("bytes after the end of a body");
    }
    int bytes = chunk.readableBytes();
    text.append(chunk.toString(StandardCharsets.UTF_8));
    chunk.release();
    if (!slow) {
      pipe.consumed(bytes);
    }
  }

  @Override
  public void end(@Nullable Http2Headers ending) {
    if (ended || failure != null) {
      throw new AssertionError("a body that ends twice");
    }
    ended = true;
    trailers = ending;
  }

  @Override
  public void failed(Outcome.Failed why) {
    if (ended || failure != null) {
      throw new AssertionError("a body that is cut after its end");
    }
    failure = why;
  }
}
