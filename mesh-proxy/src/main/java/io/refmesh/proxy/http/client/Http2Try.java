package io.refmesh.proxy.http.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.http.Trailers;
import io.refmesh.proxy.http.WrittenBytes;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One exchange on a stream of an HTTP/2 connection: empties the request's body pipe, fills the
 * response's, and owes the reply its done.
 *
 * <p>An abandoned response is read and dropped for a moment before the stream is reset: a short
 * answer that a retry makes unwanted is over by then, and the peer counts it as what it was.
 *
 * <p>Longer than other files: both directions share the one state machine that decides when the
 * stream is reset and when done is said.
 */
final class Http2Try implements Exchange.Holder, BodyPipe.Source, BodyPipe.Sink {

  private static final AsciiString GRPC_STATUS = AsciiString.cached("grpc-status");

  /** What of an abandoned response is read before the stream is reset. */
  private static final int DROPPED_BYTES_MOST = 64 * 1024;

  private static final long DROPPED_MILLIS_MOST = 1_000;

  /** Informational heads of one response; more are a flood. */
  private static final int INFORMATIONAL_MOST = 100;

  private enum State {
    /** Owes the reply its done. */
    RUNNING,
    /** Done; drops what is left of an abandoned response. */
    DROPPING,
    OVER
  }

  private final Http2Connection connection;
  private final MultiplexedUpstream upstream;
  private final Exchange exchange;
  private final RequestHead request;
  private final BodyPipe requestBody;
  private final Reply reply;
  private final Http2FrameStream stream;
  private final boolean again;
  private final WrittenBytes writes;
  private State state = State.RUNNING;
  private Progress progress = Progress.NOT_SENT;
  private boolean attached;
  private boolean requestEnded;
  private boolean tellingHead;
  private boolean abandoned;
  private boolean responseEnded;
  private boolean tunnel;
  private int readsBefore;
  private int status;
  private int grpcStatus = -1;
  private int dropped;
  private int held;
  private int informational;
  private @Nullable BodyPipe responseBody;
  private @Nullable ScheduledFuture<?> dropTimer;

  Http2Try(
      Http2Connection connection,
      MultiplexedUpstream upstream,
      Exchange exchange,
      Reply reply,
      Http2FrameStream stream,
      boolean again) {
    this.connection = connection;
    this.upstream = upstream;
    this.exchange = exchange;
    this.request = exchange.request();
    this.requestBody = exchange.body();
    this.reply = reply;
    this.stream = stream;
    this.again = again;
    this.writes = new WrittenBytes(requestBody);
  }

  int id() {
    return stream.id();
  }

  // -- the request

  void start() {
    exchange.hold(this);
    if (state != State.RUNNING) {
      return;
    }
    if (upstream.sidecar()) {
      HopFields.toSidecar(exchange, upstream.ticker());
    } else {
      HopFields.toApplication(request);
    }
    if (!request.upgrade().isEmpty() && !connection.takesUpgrades()) {
      finish(
          Outcome.Failed.before(
              MeshError.UPSTREAM_RESET,
              connection.name() + " does not take extended CONNECT, and so no upgrade (RFC 8441)"),
          null);
      return;
    }
    readsBefore = connection.readsSoFar();
    requestEnded = request.endOfStream();
    ChannelFuture write = writeHead();
    if (write.isDone() && !write.isSuccess()) {
      notWritten(write);
      return;
    }
    progress = Progress.SENT;
    connection.registered(this);
    connection.written();
    if (!write.isDone()) {
      write.addListener(written -> headWritten((ChannelFuture) written));
    }
    if (!request.opensTunnel()) {
      attachRequest();
    }
  }

  private void attachRequest() {
    if (!requestEnded && !attached) {
      attached = true;
      requestBody.attach(this);
    }
  }

  /**
   * The codec encodes at once, so the pseudo fields need to be among the others for this call only.
   */
  private ChannelFuture writeHead() {
    Http2Headers headers = request.headers();
    if (request.opensTunnel()) {
      headers.method("CONNECT");
      if (!request.upgrade().isEmpty()) {
        headers.add(Http2Headers.PseudoHeaderName.PROTOCOL.value(), request.upgrade());
      }
    } else {
      headers.method(request.method());
    }
    if (!request.method().equals("CONNECT")) {
      headers.scheme(request.scheme()).path(request.path());
    }
    if (!request.authority().isEmpty()) {
      headers.authority(request.authority());
    }
    try {
      return connection
          .context()
          .write(new DefaultHttp2HeadersFrame(headers, requestEnded).stream(stream));
    } finally {
      headers.remove(Http2Headers.PseudoHeaderName.METHOD.value());
      headers.remove(Http2Headers.PseudoHeaderName.PROTOCOL.value());
      headers.remove(Http2Headers.PseudoHeaderName.SCHEME.value());
      headers.remove(Http2Headers.PseudoHeaderName.PATH.value());
      headers.remove(Http2Headers.PseudoHeaderName.AUTHORITY.value());
    }
  }

  /** No stream was opened: another connection can take the exchange. */
  private void notWritten(ChannelFuture write) {
    connection.retire();
    refused("no stream could be opened: " + write.cause());
  }

  private void headWritten(ChannelFuture written) {
    if (!written.isSuccess()) {
      fail("the request head could not be written: " + written.cause());
    }
  }

  @Override
  public void data(ByteBuf chunk) {
    int length = chunk.readableBytes();
    if (state != State.RUNNING || requestEnded || length == 0) {
      chunk.release();
      requestBody.consumed(length);
      return;
    }
    connection
        .context()
        .write(
            new DefaultHttp2DataFrame(chunk, false).stream(stream),
            writes.track(connection.context().newPromise(), length));
    connection.written();
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {
    if (state != State.RUNNING || requestEnded) {
      return;
    }
    requestEnded = true;
    if (trailers == null) {
      connection
          .context()
          .write(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true).stream(stream));
    } else {
      connection.context().write(new DefaultHttp2HeadersFrame(trailers, true).stream(stream));
    }
    connection.written();
    if (tunnel && responseEnded) {
      finish(new Outcome.Answered(status, grpcStatus), null);
    }
  }

  @Override
  public void failed(Outcome.Failed why) {
    if (state == State.RUNNING) {
      finish(Outcomes.at(why, progress), Http2Error.CANCEL);
    }
  }

  // -- the response

  void headers(Http2Headers headers, boolean endOfStream) {
    if (state != State.RUNNING) {
      dropped(0, endOfStream);
      return;
    }
    if (responseBody != null) {
      trailers(headers);
      return;
    }
    CharSequence code = headers.getAndRemove(Http2Headers.PseudoHeaderName.STATUS.value());
    status = statusOrZero(code);
    if (status < 100 || status == 101) {
      broken("the response has the status " + code);
      connection.reset(stream, Http2Error.PROTOCOL_ERROR);
      return;
    }
    if (HttpStatusClass.INFORMATIONAL.contains(status)) {
      if (++informational > INFORMATIONAL_MOST) {
        fail("more than " + INFORMATIONAL_MOST + " informational heads came before the response");
        return;
      }
      reply.head(new ResponseHead(status, headers, null, false));
      return;
    }
    progress = Progress.HEAD_RECEIVED;
    if (request.grpc()) {
      grpcStatus = Outcomes.number(headers.get(GRPC_STATUS));
    }
    BodyPipe body = endOfStream ? BodyPipe.empty() : new BodyPipe(this);
    responseBody = body;
    if (switched(headers)) {
      status = 101;
    }
    tunnel = request.tunnelAfter(status);
    tellingHead = true;
    reply.head(new ResponseHead(status, headers, body, endOfStream));
    tellingHead = false;
    if (request.opensTunnel() && state == State.RUNNING && !abandoned) {
      attachRequest();
    }
    if (endOfStream) {
      answered();
    } else if (abandoned) {
      giveUp();
    }
  }

  /**
   * Whether an upgrade was granted. A sidecar says so, because the application behind it may also
   * have answered 200 without switching; any other server says it with the status.
   */
  private boolean switched(Http2Headers headers) {
    boolean said = headers.getAndRemove(MeshHeaders.UPGRADED) != null;
    return !request.upgrade().isEmpty() && status / 100 == 2 && (said || !upstream.sidecar());
  }

  private void trailers(Http2Headers trailers) {
    if (Trailers.havePseudoFields(trailers)) {
      broken("the trailers have pseudo fields");
      connection.reset(stream, Http2Error.PROTOCOL_ERROR);
      return;
    }
    if (request.grpc()) {
      grpcStatus = Outcomes.number(trailers.get(GRPC_STATUS));
    }
    if (responseBody != null) {
      responseBody.end(trailers);
    }
    answered();
  }

  void data(ByteBuf bytes, boolean endOfStream) {
    int length = bytes.readableBytes();
    if (state != State.RUNNING || responseBody == null) {
      bytes.release();
      connection.consumed(stream, length);
      dropped(length, endOfStream);
      return;
    }
    if (length == 0) {
      bytes.release();
    } else {
      held += length;
      boolean room = connection.buffered().arrived(length, held);
      responseBody.data(bytes);
      if (!room) {
        overloaded();
        return;
      }
    }
    if (endOfStream && responseBody != null) {
      responseBody.end(null);
      answered();
    }
  }

  @Override
  public void consumed(int bytes) {
    held -= bytes;
    connection.buffered().gone(bytes);
    connection.consumed(stream, bytes);
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

  /** The response came whole. */
  private void answered() {
    if (state == State.RUNNING) {
      responseEnded = true;
      if (tunnel && !requestEnded) {
        // One direction of a tunnel; the other goes on.
        return;
      }
      finish(new Outcome.Answered(status, grpcStatus), Http2Error.CANCEL);
    } else {
      dropped(0, true);
    }
  }

  /** Nobody wants the rest of the response: the exchange is over, the stream a little later. */
  private void giveUp() {
    if (state != State.RUNNING) {
      return;
    }
    state = State.DROPPING;
    exchange.release(this);
    abandonRequest();
    dropTimer =
        connection
            .context()
            .executor()
            .schedule(this::stopDropping, DROPPED_MILLIS_MOST, TimeUnit.MILLISECONDS);
    reply.done(new Outcome.Answered(status, grpcStatus));
  }

  private void dropped(int bytes, boolean endOfStream) {
    dropped += bytes;
    if (state == State.DROPPING && endOfStream) {
      responseEnded = true;
      if (!requestEnded) {
        connection.reset(stream, Http2Error.CANCEL);
      }
      over();
    } else if (state == State.DROPPING && dropped > DROPPED_BYTES_MOST) {
      stopDropping();
    }
  }

  private void stopDropping() {
    if (state == State.DROPPING) {
      connection.reset(stream, Http2Error.CANCEL);
      over();
    }
  }

  @Override
  public void cancelled(Outcome why) {
    if (state != State.RUNNING) {
      return;
    }
    if (Outcomes.isTimeout(why) && progress != Progress.NOT_SENT) {
      connection.timedOut(readsBefore);
    }
    finish(Outcomes.at(why, progress), resetFor(why));
  }

  /** The caller's own word, where it is one that a client may say. */
  private static Http2Error resetFor(Outcome why) {
    Http2Error said =
        why instanceof Outcome.CallerGone gone ? Http2Error.valueOf(gone.resetCode()) : null;
    return said == null || said == Http2Error.NO_ERROR ? Http2Error.CANCEL : said;
  }

  /** RST_STREAM from the peer. */
  void reset(long code) {
    if (code == Http2Error.REFUSED_STREAM.code() && progress == Progress.SENT) {
      refused("REFUSED_STREAM");
    } else {
      ended(
          new Outcome.Failed(
              MeshError.UPSTREAM_RESET,
              connection.name() + ": the stream was reset with " + Http2Error.valueOf(code),
              progress,
              code == Http2Error.NO_ERROR.code() ? Outcome.Failed.NO_RESET_CODE : code));
    }
  }

  /**
   * The peer says that it did not look at the stream: once, the pool itself tries another
   * connection.
   */
  void refused(String why) {
    if (state != State.RUNNING) {
      over();
      return;
    }
    if (!again && !attached && progress != Progress.HEAD_RECEIVED) {
      state = State.OVER;
      exchange.release(this);
      upstream.handle(exchange, reply, true);
      return;
    }
    finish(
        new Outcome.Failed(
            MeshError.UPSTREAM_RESET, connection.name() + ": " + why, Progress.REFUSED),
        null);
  }

  /** The stream is closed, and nothing said so before. */
  void closed() {
    broken("the stream was closed");
  }

  /** The stream ended before the response did. */
  void broken(String why) {
    ended(new Outcome.Failed(MeshError.UPSTREAM_RESET, connection.name() + ": " + why, progress));
  }

  private void ended(Outcome.Failed why) {
    if (state == State.RUNNING) {
      finish(why, null);
    } else {
      over();
    }
  }

  private void overloaded() {
    if (state == State.RUNNING) {
      finish(
          new Outcome.Failed(
              MeshError.OVERLOADED,
              "the proxy keeps "
                  + connection.buffered().most()
                  + " bytes of bodies already, and this response's is not read",
              progress),
          Http2Error.CANCEL);
    }
  }

  private void fail(String why) {
    if (state == State.RUNNING) {
      finish(
          new Outcome.Failed(MeshError.UPSTREAM_RESET, connection.name() + ": " + why, progress),
          Http2Error.CANCEL);
    }
  }

  /**
   * The one way out of RUNNING but for an abandoned response.
   *
   * @param error to reset the stream with when one of its sides is still open; null when the peer
   *     knows already
   */
  private void finish(Outcome outcome, @Nullable Http2Error error) {
    boolean open = progress != Progress.NOT_SENT && !(requestEnded && responseEnded);
    over();
    exchange.release(this);
    abandonRequest();
    if (open && error != null) {
      connection.reset(stream, error);
    }
    if (responseBody != null && !responseEnded) {
      responseBody.fail(Outcomes.cut(outcome, progress));
    }
    reply.done(outcome);
  }

  private void over() {
    state = State.OVER;
    if (dropTimer != null) {
      dropTimer.cancel(false);
    }
    if (progress != Progress.NOT_SENT) {
      connection.forget(this);
    }
  }

  private void abandonRequest() {
    if (attached) {
      requestBody.abandon();
    }
  }

  private static int statusOrZero(@Nullable CharSequence code) {
    if (code == null || code.length() != 3) {
      return 0;
    }
    return Math.max(Outcomes.number(code), 0);
  }
}
