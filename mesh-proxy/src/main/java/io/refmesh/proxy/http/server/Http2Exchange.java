package io.refmesh.proxy.http.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.ErrorResponses;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.http.Trailers;
import io.refmesh.proxy.http.WrittenBytes;
import org.jspecify.annotations.Nullable;

/**
 * One stream of an HTTP/2 connection from a caller: fills the request's body pipe and empties the
 * response's.
 */
final class Http2Exchange implements Reply, BodyPipe.Source, BodyPipe.Sink {

  private enum Response {
    AWAITED,
    BODY,
    WRITTEN,
    CUT
  }

  private final Http2ServerHandler connection;
  private final Http2FrameStream stream;
  private final RequestHead request;
  private final BodyPipe requestBody;
  private @Nullable Exchange exchange;
  private boolean requestEnded;
  private int held;
  private Response response = Response.AWAITED;
  private @Nullable BodyPipe responseBody;
  private @Nullable WrittenBytes writes;
  private boolean tunnel;
  private boolean done;
  private boolean over;

  Http2Exchange(Http2ServerHandler connection, Http2FrameStream stream, RequestHead request) {
    this.connection = connection;
    this.stream = stream;
    this.request = request;
    this.requestEnded = request.endOfStream();
    this.requestBody = requestEnded ? BodyPipe.empty() : new BodyPipe(this);
  }

  void exchange(Exchange made) {
    exchange = made;
  }

  Exchange exchange() {
    if (exchange == null) {
      throw new IllegalStateException("asked for before it was made");
    }
    return exchange;
  }

  BodyPipe requestBody() {
    return requestBody;
  }

  // -- the request's body

  void received(ByteBuf bytes, boolean endOfStream) {
    int length = bytes.readableBytes();
    if (length == 0) {
      bytes.release();
    } else {
      held += length;
      boolean room = connection.buffered().arrived(length, held);
      requestBody.data(bytes);
      if (!room) {
        cancel(
            Outcome.Failed.before(
                MeshError.OVERLOADED,
                "the proxy keeps "
                    + connection.buffered().most()
                    + " bytes of bodies already, and this request's is not read"));
      }
    }
    if (endOfStream) {
      requestEnded = true;
      requestBody.end(null);
    }
  }

  void trailers(Http2Headers trailers) {
    if (Trailers.havePseudoFields(trailers)) {
      connection.reset(stream, Http2Error.PROTOCOL_ERROR.code());
      connectionLost();
      return;
    }
    requestEnded = true;
    requestBody.end(trailers);
  }

  /** They are not passed on, and so the request is not complete. */
  void trailersRefused(MeshError error, String why) {
    requestEnded = true;
    Outcome.Failed refused = new Outcome.Failed(error, why, progress());
    cancel(refused);
    requestBody.fail(refused);
  }

  @Override
  public void consumed(int bytes) {
    held -= bytes;
    connection.buffered().gone(bytes);
    connection.consumed(stream, bytes);
  }

  @Override
  public void abandoned() {
    // What still comes is dropped by the pipe; after the response the caller is told to stop.
  }

  // -- the response

  @Override
  public void head(ResponseHead head) {
    BodyPipe body = head.body();
    if (over || response == Response.CUT) {
      giveUp(body);
      return;
    }
    if (response != Response.AWAITED) {
      giveUp(body);
      throw new IllegalStateException(
          "a response has one final head (found: another with status " + head.status() + ")");
    }
    if (request.opensTunnel() && !head.informational() && refusedTunnel(head)) {
      return;
    }
    head.headers().status(wireStatus(head.status()).codeAsText());
    if (head.informational()) {
      write(head.headers(), false);
      return;
    }
    if (body == null) {
      throw new IllegalStateException(
          "a final head has a body pipe (found: none, status " + head.status() + ")");
    }
    responseBody = body;
    if (head.endOfStream()) {
      response = Response.WRITTEN;
      write(head.headers(), true);
      return;
    }
    response = Response.BODY;
    writes = new WrittenBytes(body);
    write(head.headers(), false);
    body.attach(this);
  }

  /** Consent to an upgrade is 101 in HTTP/1 and 200 here. */
  private HttpResponseStatus wireStatus(int status) {
    return tunnel && !request.upgrade().isEmpty()
        ? HttpResponseStatus.OK
        : HttpResponseStatus.valueOf(status);
  }

  /**
   * Answers that open no tunnel are passed on, but one: a 2xx without upgrade would look like
   * consent to every caller but another sidecar.
   */
  private boolean refusedTunnel(ResponseHead head) {
    Http2Headers headers = head.headers();
    headers.remove(MeshHeaders.UPGRADED);
    tunnel = request.tunnelAfter(head.status());
    if (tunnel) {
      headers.remove(HttpHeaderNames.CONTENT_LENGTH);
      if (!request.upgrade().isEmpty() && connection.toSidecar()) {
        headers.set(MeshHeaders.UPGRADED, request.upgrade());
      }
      return false;
    }
    if (head.status() / 100 != 2 || connection.toSidecar()) {
      return false;
    }
    head(
        ErrorResponses.of(
            new Outcome.Failed(
                MeshError.UPSTREAM_RESET,
                "the server answered "
                    + head.status()
                    + " and did not switch to "
                    + request.upgrade(),
                Outcome.Progress.HEAD_RECEIVED),
            request,
            connection.tellsAll()));
    giveUp(head.body());
    return true;
  }

  @Override
  public void data(ByteBuf chunk) {
    int length = chunk.readableBytes();
    BodyPipe body = responseBody;
    if (body == null || writes == null || response != Response.BODY || over || length == 0) {
      chunk.release();
      if (body != null) {
        body.consumed(length);
      }
      return;
    }
    context()
        .write(
            new DefaultHttp2DataFrame(chunk, false).stream(stream),
            writes.track(context().newPromise(), length));
    connection.written();
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {
    if (response != Response.BODY || over) {
      return;
    }
    response = Response.WRITTEN;
    if (trailers == null) {
      context()
          .write(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true).stream(stream))
          .addListener(f -> endWritten((ChannelFuture) f));
      connection.written();
    } else {
      write(trailers, true);
    }
  }

  private void write(Http2Headers headers, boolean endOfStream) {
    ChannelFuture write =
        context().write(new DefaultHttp2HeadersFrame(headers, endOfStream).stream(stream));
    connection.written();
    write.addListener(f -> headersWritten((ChannelFuture) f, endOfStream));
  }

  private void headersWritten(ChannelFuture write, boolean endOfStream) {
    if (!write.isSuccess()) {
      // The head cannot be sent, be it too large for the peer or be the stream gone.
      cancel(
          new Outcome.Failed(
              MeshError.UPSTREAM_RESET,
              "the response head cannot be written: " + write.cause(),
              progress()));
      cut(Http2Error.INTERNAL_ERROR.code());
    } else if (endOfStream) {
      endWritten(write);
    }
  }

  /**
   * The last byte of the response is on its way, so a caller that still sends can be told to stop
   * (RFC 9113 §8.1).
   */
  private void endWritten(ChannelFuture write) {
    if (write.isSuccess() && !requestEnded && !over && !tunnel) {
      requestBody.abandon();
      connection.reset(stream, Http2Error.NO_ERROR.code());
    }
  }

  @Override
  public void failed(Outcome.Failed why) {
    if (response == Response.BODY) {
      boolean reset = why.resetCode() != Outcome.Failed.NO_RESET_CODE;
      cut(reset ? why.resetCode() : Http2Error.INTERNAL_ERROR.code());
    }
  }

  private void cut(long error) {
    if (over || response == Response.CUT) {
      return;
    }
    response = Response.CUT;
    // Before the reset, which closes the stream at once: that is not the caller going away.
    over = true;
    giveUp(responseBody);
    requestBody.abandon();
    connection.reset(stream, error);
  }

  @Override
  public void done(Outcome outcome) {
    if (done) {
      throw new IllegalStateException("done was called twice (second time with " + outcome + ")");
    }
    done = true;
    connection.done();
    if (over || response == Response.CUT) {
      return;
    }
    if (response == Response.AWAITED) {
      ResponseHead instead = ErrorResponses.insteadOfHead(outcome, request, connection.tellsAll());
      if (instead == null) {
        boolean broken = outcome instanceof Outcome.Failed;
        cut((broken ? Http2Error.INTERNAL_ERROR : Http2Error.CANCEL).code());
      } else {
        head(instead);
      }
    } else if (response == Response.BODY && !(outcome instanceof Outcome.Answered)) {
      cut(Http2Error.INTERNAL_ERROR.code());
    }
  }

  /** Both sides are through with the stream, or one of them reset it. */
  void streamClosed() {
    if (response == Response.WRITTEN) {
      // Done may still be on its way: the end of the body comes before it.
      over = true;
      requestBody.abandon();
    } else {
      connectionLost();
    }
  }

  /** The stream is lost for another reason than a reset by the caller. */
  void connectionLost() {
    callerGone(Outcome.Failed.NO_RESET_CODE);
  }

  /** The caller reset the stream or went away with the connection. */
  void callerGone(long resetCode) {
    if (over) {
      return;
    }
    over = true;
    if (!done) {
      cancel(new Outcome.CallerGone(progress(), resetCode));
    }
    if (!requestEnded) {
      requestBody.fail(
          new Outcome.Failed(
              MeshError.BAD_REQUEST,
              "the caller went away before its body was complete",
              progress()));
    }
    requestBody.abandon();
    giveUp(responseBody);
  }

  private Outcome.Progress progress() {
    return response == Response.AWAITED ? Outcome.Progress.SENT : Outcome.Progress.HEAD_RECEIVED;
  }

  private void cancel(Outcome why) {
    if (exchange != null && !done) {
      exchange.cancel(why);
    }
  }

  private static void giveUp(@Nullable BodyPipe body) {
    if (body != null) {
      body.abandon();
    }
  }

  private ChannelHandlerContext context() {
    return connection.context();
  }
}
