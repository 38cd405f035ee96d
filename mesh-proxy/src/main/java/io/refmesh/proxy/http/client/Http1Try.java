package io.refmesh.proxy.http.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.ScheduledFuture;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Http1Fields;
import io.refmesh.proxy.http.Http1Tunnel;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One exchange on an HTTP/1 connection: writes the request with the framing that its fields ask
 * for, fills the response's body pipe, and owes the reply its done.
 *
 * <p>An abandoned response is read and dropped for a moment, because a short one leaves a
 * connection that can be used again.
 *
 * <p>Long because the states of one exchange and all ways out of them are to be read together.
 */
final class Http1Try implements Exchange.Holder, BodyPipe.Source, BodyPipe.Sink, Http1Tunnel.Owner {

  /**
   * Bytes of a response body on their way through the proxy before reading pauses; reading goes on
   * when half of them are taken.
   */
  private static final int CREDIT = 128 * 1024;

  /** What of an abandoned response is read before the connection is closed. */
  private static final int DROPPED_BYTES_MOST = 64 * 1024;

  private static final long DROPPED_MILLIS_MOST = 1_000;

  /**
   * How long an answer may take to come after a write failed because the server does not read any
   * more.
   */
  private static final long LAST_ANSWER_MILLIS = 1_000;

  private static final DefaultHttpHeadersFactory TRAILERS =
      DefaultHttpHeadersFactory.trailersFactory().withValidation(false);

  private enum State {
    /** Owes the reply its done. */
    RUNNING,
    /** Done; drops what is left of an abandoned response. */
    DROPPING,
    OVER
  }

  private final Http1Connection connection;
  private final KeepAliveUpstream upstream;
  private final Exchange exchange;
  private final RequestHead request;
  private final BodyPipe requestBody;
  private final Reply reply;
  private final boolean kept;
  private State state = State.RUNNING;
  private Progress progress = Progress.NOT_SENT;
  private boolean attached;
  private boolean requestEnded;
  private boolean writeFailed;
  private int owed;

  private @Nullable BodyPipe responseBody;
  private @Nullable Http1Tunnel tunnel;
  private @Nullable WebSocketKey webSocketKey;
  private boolean awaitsFinalHead = true;
  private boolean keepAlive;
  private boolean untilClose;
  private boolean tellingHead;
  private boolean abandoned;
  private boolean responseEnded;
  private boolean readingPaused;
  private int outstanding;
  private int dropped;
  private int status;
  private int grpcStatus = -1;
  private @Nullable ScheduledFuture<?> timer;

  /**
   * @param kept whether the connection had an exchange before
   */
  Http1Try(
      Http1Connection connection,
      KeepAliveUpstream upstream,
      Exchange exchange,
      Reply reply,
      boolean kept) {
    this.connection = connection;
    this.upstream = upstream;
    this.exchange = exchange;
    this.request = exchange.request();
    this.requestBody = exchange.body();
    this.reply = reply;
    this.kept = kept;
  }

  // -- the request

  void start() {
    exchange.hold(this);
    if (state != State.RUNNING) {
      return;
    }
    HopFields.toApplication(request);
    if (Http1RequestHead.bridgesWebSocket(request)) {
      webSocketKey = upstream.webSocketKey();
    }
    // What is written into a tunnel comes after the request.
    requestEnded = request.endOfStream() || request.opensTunnel();
    progress = Progress.SENT;
    write(Http1RequestHead.of(request, webSocketKey));
    if (state != State.RUNNING) {
      // The connection was gone, and writing said so at once.
      return;
    }
    if (requestEnded) {
      write(LastHttpContent.EMPTY_LAST_CONTENT);
    } else {
      attached = true;
      requestBody.attach(this);
    }
  }

  private void write(Object message) {
    connection.context().write(message, connection.context().voidPromise());
    connection.written();
  }

  @Override
  public void data(ByteBuf chunk) {
    int length = chunk.readableBytes();
    if (state != State.RUNNING || requestEnded || writeFailed || length == 0) {
      chunk.release();
      requestBody.consumed(length);
      return;
    }
    write(chunk);
    if (connection.context().channel().isWritable()) {
      requestBody.consumed(length);
    } else {
      owed += length;
    }
  }

  /** The connection takes bytes again: what was written before is gone, or as good as. */
  void writable() {
    int bytes = owed;
    owed = 0;
    if (bytes > 0) {
      requestBody.consumed(bytes);
    }
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {
    if (state != State.RUNNING || requestEnded || writeFailed) {
      return;
    }
    requestEnded = true;
    if (trailers == null) {
      write(LastHttpContent.EMPTY_LAST_CONTENT);
    } else {
      LastHttpContent last = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, TRAILERS);
      Http1Fields.toHttp1(trailers, last.trailingHeaders());
      write(last);
    }
  }

  @Override
  public void failed(Outcome.Failed why) {
    if (state == State.RUNNING) {
      finish(Outcomes.at(why, progress), false);
    }
  }

  /**
   * Whether the connection may still bring an answer: a server that has answered before the request
   * was complete closes its side, and our write fails while the answer waits to be read.
   */
  boolean onlyTheWriteFailed(Throwable cause) {
    if (state != State.RUNNING || !awaitsFinalHead || !connection.context().channel().isActive()) {
      return false;
    }
    if (writeFailed) {
      return true;
    }
    writeFailed = true;
    if (attached) {
      writable();
      requestBody.abandon();
    }
    connection.pauseReading(false);
    timer =
        connection
            .context()
            .executor()
            .schedule(
                () -> lost(String.valueOf(cause.getMessage())),
                LAST_ANSWER_MILLIS,
                TimeUnit.MILLISECONDS);
    return true;
  }

  // -- the response

  void head(HttpResponse response) {
    if (state != State.RUNNING) {
      return;
    }
    String mistake =
        awaitsFinalHead
            ? Http1ResponseHead.mistake(response, request, webSocketKey)
            : "a second response came";
    if (mistake != null) {
      broken(mistake);
      return;
    }
    int code = response.status().code();
    if (request.tunnelAfter(code)) {
      openTunnel(code, response.headers());
      return;
    }
    Http2Headers headers = Http1Fields.fromHttp1(response.headers());
    if (code >= 100 && code < 200) {
      reply.head(new ResponseHead(code, headers, null, false));
      return;
    }
    awaitsFinalHead = false;
    stopTimer();
    status = code;
    progress = Progress.HEAD_RECEIVED;
    keepAlive =
        HttpUtil.isKeepAlive(response)
            && request.version() != RequestHead.Version.HTTP_1_0
            && KeepAliveUpstream.mayShare(exchange);
    boolean bodyless = request.method().equals("HEAD") || code == 204 || code == 304;
    boolean chunked = HttpUtil.isTransferEncodingChunked(response);
    boolean counted = response.headers().contains(HttpHeaderNames.CONTENT_LENGTH);
    if (!bodyless && !chunked && !counted) {
      // The body ends where the connection does.
      untilClose = true;
      keepAlive = false;
    }
    boolean endOfStream = bodyless || !chunked && HttpUtil.getContentLength(response, -1L) == 0;
    BodyPipe body = endOfStream ? BodyPipe.empty() : new BodyPipe(this);
    responseBody = body;
    tellingHead = true;
    reply.head(new ResponseHead(code, headers, body, endOfStream));
    tellingHead = false;
    if (abandoned) {
      giveUp();
    }
  }

  /** The server agreed: from now on the connection carries bytes. */
  private void openTunnel(int code, HttpHeaders fields) {
    Http2Headers headers = Http1Fields.fromHttp1(fields);
    headers.remove(HttpHeaderNames.CONTENT_LENGTH);
    if (webSocketKey != null) {
      headers.remove(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT);
    }
    awaitsFinalHead = false;
    stopTimer();
    status = code;
    progress = Progress.HEAD_RECEIVED;
    BodyPipe incoming = new BodyPipe(this);
    responseBody = incoming;
    Http1Tunnel opened = connection.becomeTunnel(incoming, requestBody, this);
    tunnel = opened;
    tellingHead = true;
    reply.head(new ResponseHead(code, headers, incoming, false));
    tellingHead = false;
    if (abandoned) {
      giveUp();
    } else if (state == State.RUNNING) {
      attached = true;
      requestBody.attach(opened);
    }
  }

  @Override
  public void tunnelEnded() {
    if (state == State.RUNNING) {
      responseEnded = true;
      finish(new Outcome.Answered(status, grpcStatus), true);
    }
  }

  @Override
  public void tunnelCut(Outcome.Failed why) {
    failed(why);
  }

  void content(HttpContent content) {
    if (content.decoderResult().isFailure()) {
      content.release();
      if (state == State.DROPPING) {
        stopDropping();
      } else {
        broken(String.valueOf(content.decoderResult().cause().getMessage()));
      }
      return;
    }
    boolean last = content instanceof LastHttpContent;
    if (state != State.RUNNING || awaitsFinalHead || responseBody == null) {
      // The end of an informational head, or what nobody wants.
      int length = content.content().readableBytes();
      content.release();
      dropped(length, last);
      return;
    }
    ByteBuf bytes = content.content();
    int length = bytes.readableBytes();
    if (length == 0) {
      content.release();
    } else {
      outstanding += length;
      // The content's reference is that of its bytes: it goes to the pipe.
      responseBody.data(bytes);
      if (outstanding > CREDIT && !readingPaused && state == State.RUNNING) {
        readingPaused = true;
        connection.pauseReading(true);
      }
    }
    if (last) {
      ended(((LastHttpContent) content).trailingHeaders());
    }
  }

  private void ended(HttpHeaders trailing) {
    if (untilClose && writeFailed) {
      // The server had reset the connection: nobody knows whether this is all of the body.
      lost("the connection was reset");
      return;
    }
    Http2Headers trailers = Http1Fields.trailersFromHttp1(trailing);
    responseEnded = true;
    if (state != State.RUNNING) {
      dropped(0, true);
      return;
    }
    if (trailers != null && request.grpc()) {
      grpcStatus = Outcomes.number(trailers.get("grpc-status"));
    }
    if (responseBody != null) {
      responseBody.end(trailers);
    }
    if (state == State.RUNNING) {
      finish(new Outcome.Answered(status, grpcStatus), keepAlive && requestEnded && !writeFailed);
    } else {
      dropped(0, true);
    }
  }

  @Override
  public void consumed(int bytes) {
    if (tunnel != null) {
      tunnel.consumed(bytes);
      return;
    }
    outstanding -= bytes;
    if (readingPaused && outstanding <= CREDIT / 2) {
      readingPaused = false;
      if (state != State.OVER) {
        connection.pauseReading(false);
      }
    }
  }

  @Override
  public void abandoned() {
    if (state == State.RUNNING && !abandoned) {
      abandoned = true;
      if (!tellingHead) {
        giveUp();
      }
    }
  }

  // -- the end

  /** Nobody wants the rest of the response: the exchange is over, the connection perhaps not. */
  private void giveUp() {
    if (state != State.RUNNING) {
      return;
    }
    state = State.DROPPING;
    exchange.release(this);
    if (attached) {
      requestBody.abandon();
      writable();
    }
    boolean keep = keepAlive && requestEnded && !writeFailed;
    if (keep) {
      connection.pauseReading(false);
      timer =
          connection
              .context()
              .executor()
              .schedule(this::stopDropping, DROPPED_MILLIS_MOST, TimeUnit.MILLISECONDS);
    } else {
      stopDropping();
    }
    reply.done(new Outcome.Answered(status, grpcStatus));
  }

  private void dropped(int bytes, boolean last) {
    if (state != State.DROPPING) {
      return;
    }
    dropped += bytes;
    if (last) {
      state = State.OVER;
      stopTimer();
      connection.finished(true);
    } else if (dropped > DROPPED_BYTES_MOST) {
      stopDropping();
    }
  }

  private void stopDropping() {
    if (state == State.DROPPING) {
      state = State.OVER;
      stopTimer();
      stopServer();
      leave(false);
    }
  }

  /** Gives the connection back, or ends it when it is no use to anybody else. */
  private void leave(boolean clean) {
    if (tunnel == null) {
      connection.finished(clean);
      return;
    }
    connection.tunnelOver();
    if (!clean) {
      tunnel.cut();
    }
  }

  @Override
  public void cancelled(Outcome why) {
    if (state == State.RUNNING) {
      stopServer();
      finish(Outcomes.at(why, progress), progress == Progress.NOT_SENT);
    }
  }

  /** Half a close would leave a server at work that answers callers who have sent all. */
  private void stopServer() {
    if (tunnel == null && progress != Progress.NOT_SENT) {
      connection.reset();
    }
  }

  private void broken(String mistake) {
    if (state == State.RUNNING) {
      finish(
          new Outcome.Failed(
              MeshError.UPSTREAM_RESET,
              connection.name() + ": the response breaks the HTTP specification: " + mistake,
              progress),
          false);
    }
  }

  /** The connection ended before the response did. */
  void lost(String why) {
    if (state != State.RUNNING) {
      state = State.OVER;
      stopTimer();
      return;
    }
    if (kept && !connection.bytesRead() && request.idempotent() && !attached && requestEnded) {
      // The server closed a kept connection as our request was on its way. It is safe to send it
      // again.
      state = State.OVER;
      exchange.release(this);
      connection.finished(false);
      upstream.handleOnNew(exchange, reply);
      return;
    }
    finish(
        new Outcome.Failed(MeshError.UPSTREAM_RESET, connection.name() + ": " + why, progress),
        false);
  }

  /** The one way out of RUNNING but for an abandoned response and a replay. */
  private void finish(Outcome outcome, boolean clean) {
    state = State.OVER;
    stopTimer();
    exchange.release(this);
    if (attached) {
      requestBody.abandon();
      writable();
    }
    if (responseBody != null && !responseEnded) {
      responseBody.fail(Outcomes.cut(outcome, progress));
    }
    leave(clean);
    reply.done(outcome);
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }
}
