package io.refmesh.proxy.route;

import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;

/**
 * Lets the filters of one backend change a copy of the request head: another try may go to another
 * backend, and none of them may see what was added for the one before.
 */
public final class BackendHeadLayer implements Layer {

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      RequestHead before = exchange.request();
      exchange.request(before.copy());
      next.handle(exchange, new Restoring(exchange, before, reply));
    };
  }

  private static final class Restoring implements Reply {

    private final Exchange exchange;
    private final RequestHead before;
    private final Reply reply;
    private boolean restored;

    Restoring(Exchange exchange, RequestHead before, Reply reply) {
      this.exchange = exchange;
      this.before = before;
      this.reply = reply;
    }

    @Override
    public void head(ResponseHead head) {
      if (!head.informational()) {
        restore();
      }
      reply.head(head);
    }

    @Override
    public void done(Outcome outcome) {
      restore();
      reply.done(outcome);
    }

    /** Once: after a head another try may have begun, with a head of its own. */
    private void restore() {
      if (!restored) {
        restored = true;
        exchange.request(before);
      }
    }
  }
}
