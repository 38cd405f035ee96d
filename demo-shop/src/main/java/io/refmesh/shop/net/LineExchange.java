package io.refmesh.shop.net;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import io.refmesh.shop.behave.Action;
import io.refmesh.shop.behave.Verdict;
import io.refmesh.shop.record.OpenRequest;
import io.refmesh.shop.record.Outcome;
import io.refmesh.shop.serve.CallerIdentity;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One line of the TCP service from its arrival to the last byte of its answer. */
final class LineExchange {
  private static final int RESET_DELAY_MILLIS = 20;

  private final App app;
  private final ChannelHandlerContext context;
  private final Exchange.Ending ending;
  private final LineCommand command;
  private final OpenRequest open;
  private final Verdict verdict;
  private final Runnable cutOff = this::reset;
  private LineAnswer answer = LineAnswer.NONE;
  private long position;
  private long end;
  private boolean cut;
  private boolean lastWritten;
  private boolean going;
  private int statusSent;
  private @Nullable Future<?> delay;

  LineExchange(App app, ChannelHandlerContext context, String line, Exchange.Ending ending) {
    this.app = app;
    this.context = context;
    this.ending = ending;
    command = LineCommand.of(line);
    open = app.record.begin(command.word(), "/", command.id(), CallerIdentity.UNKNOWN, null);
    verdict = app.switchboard.judge(command.word(), "/", command.id());
  }

  void start() {
    answer = verdict.effect() ? command.answer(app.instance, app.record.ledger()) : LineAnswer.NONE;
    if (verdict.delayNanos() == 0) {
      act();
    } else {
      delay = context.executor().schedule(this::act, verdict.delayNanos(), TimeUnit.NANOSECONDS);
    }
  }

  void clientLeft() {
    if (!open.ended()) {
      end(app.cuttingOff() ? Outcome.RESET : Outcome.CANCELLED);
    }
  }

  void writable() {
    if (statusSent != 0 && !lastWritten) {
      go();
    }
  }

  private void act() {
    switch (verdict.action()) {
      case Action.AsUsual() -> write(answer.source().size());
      case Action.Status(int code) -> {
        answer = LineAnswer.line(code, "ERROR status " + code, answer.goesOn());
        write(answer.source().size());
      }
      case Action.Cut(long bytes, Action.End _) -> {
        cut = true;
        write(Math.min(bytes, answer.source().size() - 1));
      }
      case Action.Hang() -> hang();
      case Action.Reset() -> reset();
    }
  }

  private void write(long bytes) {
    end = bytes;
    statusSent = answer.status();
    go();
  }

  /** The channel may say in the midst of a write that it takes more. */
  private void go() {
    if (going) {
      return;
    }
    going = true;
    ChannelFuture latest = context.newSucceededFuture();
    do {
      while (position < end && context.channel().isWritable()) {
        int length = (int) Math.min(BodySource.PIECE_MAX, end - position);
        latest = context.write(answer.source().piece(position, length));
        position += length;
      }
      context.flush();
    } while (position < end && context.channel().isWritable());
    going = false;
    if (position == end) {
      lastWritten = true;
      latest.addListener(written -> written(written.isSuccess()));
    }
  }

  private void written(boolean success) {
    if (open.ended()) {
      return;
    }
    if (!success) {
      clientLeft();
      return;
    }
    if (!cut) {
      end(Outcome.FINISHED);
      ending.ended(answer.goesOn());
      return;
    }
    switch (((Action.Cut) verdict.action()).end()) {
      case CLOSE -> {
        end(Outcome.RESET);
        context.close();
      }
      case HANG -> hang();
      case RESET ->
          delay = context.executor().schedule(cutOff, RESET_DELAY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void hang() {
    if (app.draining()) {
      reset();
    } else {
      app.hanging.add(cutOff);
    }
  }

  private void reset() {
    end(Outcome.RESET);
    Resets.connection(context.channel());
  }

  private void end(Outcome outcome) {
    app.record.end(open, statusSent, outcome);
    app.hanging.remove(cutOff);
    if (delay != null) {
      delay.cancel(false);
    }
  }
}
