package io.refmesh.proxy.http.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.RequestHead.Version;
import io.refmesh.proxy.http.ResponseHead;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Makes exchanges as a server would and keeps what becomes of them; fails when the contract of a
 * reply is broken.
 */
public final class Requests {

  private static final Caller OWN =
      new Caller(new InetSocketAddress("127.0.0.1", 4000), Optional.empty(), false);

  private final Loop loop;
  private final HttpService service;
  private final Version version;

  public Requests(Loop loop, HttpService service, Version version) {
    this.loop = loop;
    this.service = service;
    this.version = version;
  }

  public Sent get(String path) {
    return send("GET", path, true);
  }

  public Sent post(String path) {
    return send("POST", path, false);
  }

  public Sent send(String method, String path, boolean endOfStream, String... fields) {
    return loop.on(() -> hand(method, path, endOfStream, fields));
  }

  /** For tests that are on the loop already. */
  public Sent sendHere(String method, String path) {
    return hand(method, path, true);
  }

  /** The same for a request with a body. */
  public Sent sendHere(String method, String path, boolean endOfStream) {
    return hand(method, path, endOfStream);
  }

  private Sent hand(String method, String path, boolean endOfStream, String... fields) {
    RequestHead head =
        new RequestHead(
            version,
            method,
            "http",
            "cart.shop",
            path,
            ScriptedApplication.headers(fields),
            endOfStream);
    Sent sent = new Sent(endOfStream);
    Exchange exchange = new Exchange(loop.loop(), OWN, head, sent.request, loop.ticker.nanoTime());
    sent.exchange = exchange;
    exchange.beginTry();
    service.handle(exchange, sent);
    return sent;
  }

  /** One exchange that was handed over. */
  public final class Sent implements Reply {

    public final BodyPipe request;
    public final List<Integer> informational = new CopyOnWriteArrayList<>();
    public final AtomicInteger dones = new AtomicInteger();
    public volatile @Nullable ResponseHead head;
    public volatile @Nullable Outcome outcome;
    public volatile boolean responseEnded;
    public volatile @Nullable Http2Headers trailers;
    public volatile Outcome.@Nullable Failed responseFailed;
    public volatile int received;
    public volatile int credit;
    public volatile boolean requestAbandoned;
    public volatile boolean slow;
    public volatile boolean unattached;
    public volatile boolean abandonsHead;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private @Nullable Exchange exchange;

    Sent(boolean endOfStream) {
      request = endOfStream ? BodyPipe.empty() : new BodyPipe(new RequestSource());
    }

    public Exchange exchange() {
      if (exchange == null) {
        throw new AssertionError("not sent");
      }
      return exchange;
    }

    public Sent write(byte[] body) {
      loop.run(() -> request.data(Unpooled.wrappedBuffer(body)));
      return this;
    }

    public Sent end(@Nullable Http2Headers ending) {
      loop.run(() -> request.end(ending));
      return this;
    }

    public void cancel(Outcome why) {
      loop.run(() -> exchange().cancel(why));
    }

    public Outcome await() {
      loop.until("done", () -> outcome != null);
      if (outcome == null) {
        throw new AssertionError("not done");
      }
      return outcome;
    }

    public Outcome.Failed awaitFailure() {
      Outcome ended = await();
      if (ended instanceof Outcome.Failed failed) {
        return failed;
      }
      throw new AssertionError("expected a failure, got " + ended);
    }

    public byte[] body() {
      return bytes.toByteArray();
    }

    public int status() {
      ResponseHead came = head;
      return came == null ? -1 : came.status();
    }

    @Override
    public void head(ResponseHead given) {
      if (outcome != null) {
        throw new AssertionError("a head after done");
      }
      if (given.informational()) {
        informational.add(given.status());
        return;
      }
      if (head != null) {
        throw new AssertionError("a second final head");
      }
      head = given;
      BodyPipe body = given.body();
      if (body == null) {
        throw new AssertionError("a final head without body pipe");
      }
      if (abandonsHead) {
        body.abandon();
      } else if (!unattached) {
        body.attach(new ResponseSink());
      }
    }

    @Override
    public void done(Outcome given) {
      if (dones.incrementAndGet() > 1) {
        throw new AssertionError("done twice: " + outcome + ", then " + given);
      }
      if (given instanceof Outcome.Answered && !unattached && !abandonsHead && !responseEnded) {
        throw new AssertionError("answered before the body ended");
      }
      if (given instanceof Outcome.Failed
          && head != null
          && !unattached
          && responseFailed == null) {
        throw new AssertionError("failed before the body did");
      }
      outcome = given;
    }

    private final class RequestSource implements BodyPipe.Source {

      @Override
      public void consumed(int taken) {
        credit += taken;
      }

      @Override
      public void abandoned() {
        requestAbandoned = true;
      }
    }

    private final class ResponseSink implements BodyPipe.Sink {

      @Override
      public void data(ByteBuf chunk) {
        int length = chunk.readableBytes();
        bytes.writeBytes(ByteBufUtil.getBytes(chunk));
        chunk.release();
        received += length;
        if (!slow) {
          responseBody().consumed(length);
        }
      }

      @Override
      public void end(@Nullable Http2Headers ending) {
        responseEnded = true;
        trailers = ending;
      }

      @Override
      public void failed(Outcome.Failed why) {
        responseFailed = why;
      }
    }

    public BodyPipe responseBody() {
      ResponseHead came = head;
      if (came == null || came.body() == null) {
        throw new AssertionError("no head has come");
      }
      return came.body();
    }
  }
}
