package io.refmesh.proxy.resilience;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.Future;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.telemetry.Counter;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Passes an answer on and cuts its body after so many bytes. A body that is no longer than that
 * comes whole. On the event loop of the exchange.
 */
final class CutReply implements Reply, BodyPipe.Source, BodyPipe.Sink, Exchange.Holder {

  /**
   * What was passed on is to arrive before the cut does: a connection that is reset forgets what it
   * has not sent.
   */
  private static final long ARRIVES_WITHIN_MILLIS = 10;

  private final Exchange exchange;
  private final Reply reply;
  private final Outcome.Failed why;
  private final Counter truncated;
  private final FaultSlots.Slots slots;
  private long left;
  private @Nullable BodyPipe from;
  private @Nullable BodyPipe to;
  private @Nullable Future<?> cut;
  private boolean answered;
  private boolean over;

  /**
   * @param slots one of them is taken; it is freed at the end
   */
  CutReply(
      Exchange exchange,
      Reply reply,
      long afterBytes,
      Outcome.Failed why,
      Counter truncated,
      FaultSlots.Slots slots) {
    this.exchange = exchange;
    this.reply = reply;
    this.why = why;
    this.truncated = truncated;
    this.slots = slots;
    left = afterBytes;
  }

  @Override
  public void head(ResponseHead head) {
    BodyPipe body = head.body();
    if (head.informational() || head.endOfStream() || body == null) {
      reply.head(head);
      return;
    }
    BodyPipe shortened = new BodyPipe(this);
    from = body;
    to = shortened;
    reply.head(new ResponseHead(head.status(), head.headers(), shortened, false));
    body.attach(this);
  }

  /** The whole answer has come; if it is being cut, done waits for that. */
  @Override
  public void done(Outcome outcome) {
    if (cut != null && !over && outcome instanceof Outcome.Answered) {
      answered = true;
      exchange.hold(this);
    } else {
      finish(outcome);
    }
  }

  @Override
  public void cancelled(Outcome outcome) {
    finish(outcome);
  }

  @Override
  public void data(ByteBuf chunk) {
    int bytes = chunk.readableBytes();
    BodyPipe shortened = to;
    if (shortened == null || cut != null) {
      chunk.release();
      consumed(bytes);
      return;
    }
    if (bytes <= left) {
      left -= bytes;
      shortened.data(chunk);
      return;
    }
    int rest = bytes - (int) left;
    if (left > 0) {
      shortened.data(chunk.readRetainedSlice((int) left));
      left = 0;
    }
    chunk.release();
    consumed(rest);
    truncated.increment();
    cut = exchange.loop().schedule(this::cut, ARRIVES_WITHIN_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {
    if (to != null && cut == null) {
      to.end(trailers);
    }
  }

  @Override
  public void failed(Outcome.Failed broken) {
    if (to != null) {
      to.fail(broken);
    }
  }

  @Override
  public void consumed(int bytes) {
    if (from != null) {
      from.consumed(bytes);
    }
  }

  @Override
  public void abandoned() {
    if (from != null) {
      from.abandon();
    }
  }

  private void cut() {
    if (over) {
      return;
    }
    if (answered) {
      exchange.release(this);
    } else {
      // Whoever still receives the answer ends it, and is done with this very reason.
      exchange.cancel(why);
    }
    finish(why);
  }

  private void finish(Outcome outcome) {
    if (over) {
      return;
    }
    over = true;
    if (cut != null) {
      cut.cancel(false);
      failed(outcome instanceof Outcome.Failed broken ? broken : why);
    }
    slots.free();
    reply.done(outcome);
  }
}
