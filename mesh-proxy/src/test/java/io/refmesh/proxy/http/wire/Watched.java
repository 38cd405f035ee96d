package io.refmesh.proxy.http.wire;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a server and a service and writes down every breach of the contract of a reply.
 */
public final class Watched implements HttpService {

  public final List<String> violations = new CopyOnWriteArrayList<>();
  private final HttpService next;
  private int begun;
  private int done;

  public Watched(HttpService next) {
    this.next = next;
  }

  /** Exchanges that are owed a done. On the loop. */
  public int owed() {
    return begun - done;
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    begun++;
    next.handle(exchange, new Checked(reply));
  }

  private final class Checked implements Reply, BodyPipe.Sink, BodyPipe.Source {

    private final Reply reply;
    private @Nullable BodyPipe from;
    private final BodyPipe to = new BodyPipe(this);
    private boolean headSeen;
    private boolean over;
    private boolean abandoned;
    private int dones;

    Checked(Reply reply) {
      this.reply = reply;
    }

    @Override
    public void head(ResponseHead head) {
      breach(dones > 0, "a head after done");
      if (head.informational()) {
        breach(headSeen, "an informational head after the final one");
        reply.head(head);
        return;
      }
      breach(headSeen, "two final heads");
      headSeen = true;
      if (head.endOfStream() || head.body() == null) {
        over = true;
        reply.head(head);
        return;
      }
      from = head.body();
      reply.head(new ResponseHead(head.status(), head.headers(), to, false));
      if (!abandoned) {
        from.attach(this);
      }
    }

    @Override
    public void done(Outcome outcome) {
      dones++;
      breach(dones > 1, "done " + dones + " times");
      breach(from != null && !from.over(), "done before the body was over: " + outcome);
      done++;
      reply.done(outcome);
    }

    @Override
    public void data(ByteBuf chunk) {
      breach(over, "bytes after the end of the body");
      breach(dones > 0 && !abandoned, "bytes after done");
      to.data(chunk);
    }

    @Override
    public void end(@Nullable Http2Headers trailers) {
      breach(over, "a body that ended twice");
      over = true;
      to.end(trailers);
    }

    @Override
    public void failed(Outcome.Failed why) {
      breach(over, "a body that was cut after its end");
      over = true;
      to.fail(why);
    }

    @Override
    public void consumed(int bytes) {
      if (from != null) {
        from.consumed(bytes);
      }
    }

    @Override
    public void abandoned() {
      abandoned = true;
      if (from != null) {
        from.abandon();
      }
    }

    private void breach(boolean found, String what) {
      if (found) {
        violations.add(what);
      }
    }
  }
}
