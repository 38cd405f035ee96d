package io.refmesh.proxy.resilience;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * The head of a response whose verdict may come with its trailers: kept until the first byte of the
 * body, which makes it the answer, or the trailers, which may make it a failure to be tried again.
 * On the event loop of the exchange.
 *
 * <p>A body that is cut before its first byte leaves the head kept: the caller is then given the
 * error.
 */
final class HeldHead implements BodyPipe.Sink, BodyPipe.Source {

  /** Whoever judges. */
  interface Judge {

    /** The response is the answer. */
    void answer(ResponseHead head);

    /** The response ended without a byte; false when it is the answer all the same. */
    boolean again(ResponseHead head, Http2Headers trailers);
  }

  private final ResponseHead head;
  private final BodyPipe body;
  private final Judge judge;
  private final BodyPipe shown = new BodyPipe(this);
  private boolean told;

  HeldHead(ResponseHead head, BodyPipe body, Judge judge) {
    this.head = head;
    this.body = body;
    this.judge = judge;
  }

  void hold() {
    body.attach(this);
  }

  @Override
  public void data(ByteBuf chunk) {
    tell();
    shown.data(chunk);
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {
    if (!told && trailers != null && judge.again(head, trailers)) {
      return;
    }
    tell();
    shown.end(trailers);
  }

  @Override
  public void failed(Outcome.Failed why) {
    if (told) {
      shown.fail(why);
    }
  }

  @Override
  public void consumed(int bytes) {
    body.consumed(bytes);
  }

  @Override
  public void abandoned() {
    body.abandon();
  }

  private void tell() {
    if (!told) {
      told = true;
      judge.answer(new ResponseHead(head.status(), head.headers(), shown, false));
    }
  }
}
