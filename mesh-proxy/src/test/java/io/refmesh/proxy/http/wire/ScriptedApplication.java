package io.refmesh.proxy.http.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A service whose every call is kept and answered by the test, or by {@code script} at once. */
public final class ScriptedApplication implements HttpService {

  /** What to do with a call as soon as it is there. */
  public interface Script {
    void handle(Call call);
  }

  public final List<Call> calls = new CopyOnWriteArrayList<>();
  private volatile Script script = call -> {};

  public ScriptedApplication script(Script newScript) {
    script = newScript;
    return this;
  }

  /** Answers every call with status 200 and the text. */
  public ScriptedApplication answers(String text) {
    return script(call -> call.answer(200, text));
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    Call call = new Call(exchange, reply);
    calls.add(call);
    script.handle(call);
  }

  /** One call and what became of it; to be used on the loop. */
  public static final class Call implements Exchange.Holder {

    public final Exchange exchange;
    public final Reply reply;
    public volatile @Nullable Outcome cancelled;
    public volatile boolean requestEnded;
    public volatile @Nullable Http2Headers requestTrailers;
    public volatile Outcome.@Nullable Failed requestFailed;
    public volatile int received;
    public volatile int credit;
    public volatile boolean responseAbandoned;
    public boolean slow;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private @Nullable BodyPipe response;
    private @Nullable Runnable onEnd;

    Call(Exchange exchange, Reply reply) {
      this.exchange = exchange;
      this.reply = reply;
      exchange.hold(this);
    }

    public byte[] body() {
      return bytes.toByteArray();
    }

    /** Reads the request's body; without credit when slow. */
    public Call read() {
      exchange.body().attach(new RequestSink());
      return this;
    }

    public void whenRead(Runnable then) {
      onEnd = then;
      read();
    }

    public void answer(int status, String text, String... fields) {
      byte[] payload = text.getBytes(StandardCharsets.UTF_8);
      Http2Headers headers = headers(fields);
      if (payload.length == 0) {
        reply.head(new ResponseHead(status, headers, BodyPipe.empty(), true));
      } else {
        headers.set("content-length", Integer.toString(payload.length));
        begin(status, headers);
        send(payload);
        end(null);
      }
      done(new Outcome.Answered(status, -1));
    }

    public void inform(int status, String... fields) {
      reply.head(new ResponseHead(status, headers(fields), null, false));
    }

    public Call begin(int status, Http2Headers headers) {
      response = new BodyPipe(new ResponseSource());
      reply.head(new ResponseHead(status, headers, response, false));
      return this;
    }

    public Call begin(int status, String... fields) {
      return begin(status, headers(fields));
    }

    public void send(byte[] payload) {
      pipe().data(Unpooled.wrappedBuffer(payload));
    }

    public void end(@Nullable Http2Headers trailers) {
      pipe().end(trailers);
    }

    public void done(Outcome outcome) {
      if (cancelled != null) {
        return;
      }
      exchange.release(this);
      reply.done(outcome);
    }

    public void fail(Outcome.Failed why) {
      if (cancelled != null) {
        return;
      }
      exchange.release(this);
      if (response != null) {
        response.fail(why);
      }
      reply.done(why);
    }

    private BodyPipe pipe() {
      if (response == null) {
        throw new AssertionError("the response has not begun");
      }
      return response;
    }

    @Override
    public void cancelled(Outcome why) {
      cancelled = why;
      if (response != null && why instanceof Outcome.Failed failed) {
        response.fail(failed);
      }
      reply.done(why);
    }

    private final class RequestSink implements BodyPipe.Sink {

      @Override
      public void data(ByteBuf chunk) {
        int length = chunk.readableBytes();
        bytes.writeBytes(ByteBufUtil.getBytes(chunk));
        received += length;
        chunk.release();
        if (!slow) {
          exchange.body().consumed(length);
        }
      }

      @Override
      public void end(@Nullable Http2Headers trailers) {
        requestTrailers = trailers;
        requestEnded = true;
        if (onEnd != null) {
          onEnd.run();
        }
      }

      @Override
      public void failed(Outcome.Failed why) {
        requestFailed = why;
      }
    }

    private final class ResponseSource implements BodyPipe.Source {

      @Override
      public void consumed(int taken) {
        credit += taken;
      }

      @Override
      public void abandoned() {
        responseAbandoned = true;
      }
    }
  }

  public static Http2Headers headers(String... fields) {
    Http2Headers headers = new DefaultHttp2Headers(false);
    for (int i = 0; i < fields.length; i += 2) {
      headers.add(fields[i], fields[i + 1]);
    }
    return headers;
  }
}
