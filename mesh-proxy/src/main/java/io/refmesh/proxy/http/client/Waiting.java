package io.refmesh.proxy.http.client;

import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;

/**
 * One exchange that waits for a connection: holds its cancel slot until it is taken.
 *
 * @see WaitingLine
 */
final class Waiting implements Exchange.Holder {

  private final WaitingLine line;
  private final Exchange exchange;
  private final Reply reply;
  private final boolean again;
  private boolean over;

  Waiting(WaitingLine line, Exchange exchange, Reply reply, boolean again) {
    this.line = line;
    this.exchange = exchange;
    this.reply = reply;
    this.again = again;
  }

  Exchange exchange() {
    return exchange;
  }

  Reply reply() {
    return reply;
  }

  /** Whether it is the second time: a peer refused it unprocessed. */
  boolean again() {
    return again;
  }

  boolean over() {
    return over;
  }

  void begin() {
    exchange.hold(this);
  }

  /** Takes the exchange out of the line; whoever does owes the reply from now on. */
  void take() {
    over = true;
    exchange.release(this);
  }

  @Override
  public void cancelled(Outcome why) {
    if (!over) {
      over = true;
      line.gone(this);
      reply.done(Outcomes.at(why, Outcome.Progress.NOT_SENT));
    }
  }
}
