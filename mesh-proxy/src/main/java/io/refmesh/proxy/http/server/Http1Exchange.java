package io.refmesh.proxy.http.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.ScheduledFuture;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.ErrorResponses;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Http1Fields;
import io.refmesh.proxy.http.Http1Tunnel;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request of an HTTP/1 connection and its response on the wire: fills the request's body pipe,
 * empties the response's, and knows the framing that tells the caller where the response ends.
 *
 * <p>It is over when done was called, the response is written to its end, and the request is read
 * to its end.
 */
final class Http1Exchange implements Reply, BodyPipe.Source, BodyPipe.Sink, Http1Tunnel.Owner {

  /**
   * Bytes of a request body on their way through the proxy before reading pauses; reading goes on
   * when half of them are taken.
   */
  private static final int CREDIT = 128 * 1024;

  /**
   * How long an answered caller may go on sending the body that nobody wants before the connection
   * is closed.
   */
  private static final long REST_OF_REQUEST_MILLIS = 5_000;

  private static final DefaultHttpHeadersFactory HEADERS =
      DefaultHttpHeadersFactory.headersFactory().withValidation(false);
  private static final DefaultHttpHeadersFactory TRAILERS =
      DefaultHttpHeadersFactory.trailersFactory().withValidation(false);
  private static final long UNKNOWN = -1;

  private enum Response {
    AWAITED,
    BODY,
    WRITTEN,
    CUT
  }

  private final Http1ServerHandler connection;
  private final RequestHead request;
  private final BodyPipe requestBody;
  private final boolean callerKeepsAlive;
  private @Nullable Exchange exchange;
  private boolean requestEnded;
  private boolean readingPaused;
  private int outstanding;

  private Response response = Response.AWAITED;
  private @Nullable BodyPipe responseBody;
  private boolean keepAlive;
  private boolean requestBroken;
  private boolean chunked;
  private boolean bodyless;
  private long remaining = UNKNOWN;
  private int owed;
  private boolean done;
  private boolean over;
  private @Nullable Http1Tunnel tunnel;
  private @Nullable ScheduledFuture<?> restTimer;

  Http1Exchange(Http1ServerHandler connection, RequestHead request, boolean callerKeepsAlive) {
    this.connection = connection;
    this.request = request;
    this.requestBody = request.endOfStream() ? BodyPipe.empty() : new BodyPipe(this);
    this.callerKeepsAlive = callerKeepsAlive;
  }

  void exchange(Exchange made) {
    exchange = made;
  }

  BodyPipe requestBody() {
    return requestBody;
  }

  boolean requestEnded() {
    return requestEnded;
  }

  // -- the request's body

  void received(HttpContent content) {
    if (content.decoderResult().isFailure()) {
      content.release();
      brokenRequest(content.decoderResult().cause());
      return;
    }
    ByteBuf bytes = content.content();
    int length = bytes.readableBytes();
    if (length == 0) {
      content.release();
    } else {
      outstanding += length;
      // The content's reference is that of its bytes: it goes to the pipe.
      requestBody.data(bytes);
      if (outstanding > CREDIT && !readingPaused && !over) {
        readingPaused = true;
        connection.pauseReading(true);
      }
    }
    if (content instanceof LastHttpContent last) {
      requestEnded = true;
      if (!request.opensTunnel()) {
        requestBody.end(Http1Fields.trailersFromHttp1(last.trailingHeaders()));
      }
      maybeFinish();
    }
  }

  private void brokenRequest(Throwable cause) {
    // Chunks are bounded, so what is too long here is the trailer section or the line of a chunk
    // size.
    MeshError error =
        cause instanceof TooLongFrameException ? MeshError.HEADER_TOO_LARGE : MeshError.BAD_REQUEST;
    Outcome.Failed broken =
        new Outcome.Failed(error, String.valueOf(cause.getMessage()), Outcome.Progress.SENT);
    requestEnded = true;
    requestBroken = true;
    cancel(broken);
    requestBody.fail(broken);
    maybeFinish();
  }

  @Override
  public void consumed(int bytes) {
    if (tunnel != null) {
      tunnel.consumed(bytes);
      return;
    }
    outstanding -= bytes;
    if (readingPaused && outstanding <= CREDIT / 2 && !over) {
      readingPaused = false;
      connection.pauseReading(false);
    }
  }

  @Override
  public void abandoned() {
    // What still comes is dropped by the pipe: the caller must be able to finish before it reads
    // the answer.
  }

  // -- the response

  @Override
  public void head(ResponseHead head) {
    if (over || response == Response.CUT) {
      giveUp(head.body());
      return;
    }
    if (response != Response.AWAITED) {
      giveUp(head.body());
      throw new IllegalStateException(
          "a response has one final head (found: another with status " + head.status() + ")");
    }
    if (head.informational()) {
      inform(head);
      return;
    }
    BodyPipe body = head.body();
    if (body == null) {
      throw new IllegalStateException(
          "a final head has a body pipe (found: none, status " + head.status() + ")");
    }
    responseBody = body;
    response = Response.BODY;
    if (request.tunnelAfter(head.status())) {
      openTunnel(head, body);
      return;
    }
    if (request.opensTunnel()) {
      requestBody.end(null);
    }
    HttpResponse message = message(head);
    frame(head, message.headers());
    connection.encoder().answersHead(request.method().equals("HEAD"));
    context().write(message, context().voidPromise());
    connection.written();
    body.attach(this);
  }

  private void inform(ResponseHead head) {
    if (request.version() != RequestHead.Version.HTTP_1_0) {
      HttpHeaders headers = HEADERS.newHeaders();
      Http1Fields.toHttp1(head.headers(), headers);
      writeHeadAlone(head.status(), headers);
    }
  }

  private void writeHeadAlone(int status, HttpHeaders headers) {
    context()
        .write(
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(status),
                Unpooled.EMPTY_BUFFER,
                headers,
                TRAILERS.newEmptyHeaders()),
            context().voidPromise());
    connection.written();
  }

  /** The server agreed: the head says so, and from then on the connection carries bytes. */
  private void openTunnel(ResponseHead head, BodyPipe body) {
    HttpHeaders headers = HEADERS.newHeaders();
    Http1Fields.toHttp1(head.headers(), headers);
    // Neither means anything before a tunnel (RFC 9110 §9.3.6).
    headers.remove(HttpHeaderNames.CONTENT_LENGTH);
    headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
    if (!request.upgrade().isEmpty()) {
      headers.add(HttpHeaderNames.UPGRADE, request.upgrade());
      headers.add(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
    }
    connection.encoder().answersHead(false);
    writeHeadAlone(head.status(), headers);
    Http1Tunnel opened = connection.becomeTunnel(requestBody, body, this);
    tunnel = opened;
    body.attach(opened);
  }

  @Override
  public void tunnelEnded() {
    over = true;
  }

  @Override
  public void tunnelCut(Outcome.Failed why) {
    response = Response.CUT;
  }

  private static HttpResponse message(ResponseHead head) {
    HttpHeaders headers = HEADERS.newHeaders();
    Http1Fields.toHttp1(head.headers(), headers);
    return new DefaultHttpResponse(
        HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(head.status()), headers);
  }

  /**
   * RFC 9112 §6.3: how the caller will know where the response ends, and whether the connection
   * goes on after it.
   */
  private void frame(ResponseHead head, HttpHeaders headers) {
    int status = head.status();
    keepAlive =
        callerKeepsAlive && !requestBroken && !connection.draining() && !connection.closing();
    boolean answersHead = request.method().equals("HEAD");
    bodyless = answersHead || status == 204 || status == 205 || status == 304;
    if (!bodyless) {
      remaining = parsedLength(headers.get(HttpHeaderNames.CONTENT_LENGTH));
      if (remaining != UNKNOWN) {
        chunked = false;
      } else if (head.endOfStream()) {
        headers.set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);
      } else if (request.version() == RequestHead.Version.HTTP_1_0) {
        keepAlive = false;
      } else {
        chunked = true;
        headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
      }
    }
    if (!keepAlive) {
      headers.add(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    } else if (request.version() == RequestHead.Version.HTTP_1_0) {
      headers.add(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
    }
  }

  private static long parsedLength(@Nullable String length) {
    if (length == null) {
      return UNKNOWN;
    }
    try {
      return Long.parseLong(length);
    } catch (NumberFormatException e) {
      return UNKNOWN;
    }
  }

  @Override
  public void data(ByteBuf chunk) {
    int length = chunk.readableBytes();
    BodyPipe body = responseBody;
    if (body == null || response != Response.BODY || over || bodyless || length == 0) {
      chunk.release();
      if (body != null) {
        body.consumed(length);
      }
      return;
    }
    if (remaining != UNKNOWN) {
      remaining -= length;
      if (remaining < 0) {
        chunk.release();
        body.consumed(length);
        cutOff("the body is longer than its content-length");
        return;
      }
    }
    context().write(chunk, context().voidPromise());
    connection.written();
    if (context().channel().isWritable()) {
      body.consumed(length);
    } else {
      owed += length;
    }
  }

  /** The connection takes bytes again: what was written before is gone, or as good as. */
  void writable() {
    int bytes = owed;
    owed = 0;
    if (bytes > 0 && responseBody != null) {
      responseBody.consumed(bytes);
    }
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {
    if (response != Response.BODY || over) {
      return;
    }
    if (remaining > 0) {
      cutOff("the body is shorter than its content-length");
      return;
    }
    if (trailers != null && chunked) {
      LastHttpContent last = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, TRAILERS);
      Http1Fields.toHttp1(trailers, last.trailingHeaders());
      context().write(last, context().voidPromise());
    } else {
      context().write(LastHttpContent.EMPTY_LAST_CONTENT, context().voidPromise());
    }
    response = Response.WRITTEN;
    connection.written();
    // The next exchange hears of the connection's writability, not this one any more.
    writable();
    maybeFinish();
  }

  @Override
  public void failed(Outcome.Failed why) {
    if (response == Response.BODY) {
      cut();
    }
  }

  private void cutOff(String why) {
    cancel(new Outcome.Failed(MeshError.UPSTREAM_RESET, why, Outcome.Progress.HEAD_RECEIVED));
    cut();
  }

  /**
   * A cut body: the connection ends without the last chunk, so that nobody takes it for a whole
   * one.
   */
  private void cut() {
    response = Response.CUT;
    writable();
    giveUp(responseBody);
    if (tunnel == null) {
      connection.reset();
    } else {
      tunnel.cut();
    }
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
        cut();
      } else {
        head(instead);
      }
    } else if (response == Response.BODY && !(outcome instanceof Outcome.Answered)) {
      cut();
    }
    maybeFinish();
  }

  private void maybeFinish() {
    if (over || !done || response != Response.WRITTEN) {
      return;
    }
    // What of the request nobody has taken: an answer does not need it.
    requestBody.abandon();
    if (requestEnded) {
      over = true;
      stopRestTimer();
      if (requestBroken) {
        connection.finishedUnread();
      } else {
        connection.finished(keepAlive);
      }
    } else if (restTimer == null) {
      if (keepAlive) {
        restTimer =
            context()
                .executor()
                .schedule(this::restIsLate, REST_OF_REQUEST_MILLIS, TimeUnit.MILLISECONDS);
      } else {
        restIsLate();
      }
    }
  }

  private void restIsLate() {
    if (!over) {
      over = true;
      connection.finishedUnread();
    }
  }

  /** The channel is closed. */
  void connectionLost() {
    if (over) {
      return;
    }
    over = true;
    stopRestTimer();
    Outcome.Progress progress =
        response == Response.AWAITED ? Outcome.Progress.SENT : Outcome.Progress.HEAD_RECEIVED;
    if (!done) {
      cancel(new Outcome.CallerGone(progress));
    }
    if (!requestEnded || request.opensTunnel()) {
      requestBody.fail(
          new Outcome.Failed(
              MeshError.BAD_REQUEST,
              "the caller went away before its body was complete",
              progress));
    }
    requestBody.abandon();
    writable();
    giveUp(responseBody);
  }

  private void cancel(Outcome why) {
    if (exchange != null) {
      exchange.cancel(why);
    }
  }

  private static void giveUp(@Nullable BodyPipe body) {
    if (body != null) {
      body.abandon();
    }
  }

  private void stopRestTimer() {
    if (restTimer != null) {
      restTimer.cancel(false);
      restTimer = null;
    }
  }

  private ChannelHandlerContext context() {
    return connection.context();
  }
}
