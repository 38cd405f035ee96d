package io.refmesh.proxy.http.server;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2PingFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamEvent;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.collection.IntObjectHashMap;
import io.refmesh.proxy.http.BufferedBytes;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.FlushLater;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.Unexpected;
import io.refmesh.proxy.http.server.ServerSettings.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection from a caller: finds for each frame the exchange of its stream, and ends
 * the connection in two steps when it drains.
 *
 * <h2>Draining (RFC 9113 §6.8)</h2>
 *
 * <ol>
 *   <li>GOAWAY with the highest id: "open no more streams", while those already on their way are
 *       still served; then a PING.
 *   <li>The PING is answered, so the caller has read the GOAWAY and everything it sent before is
 *       here: GOAWAY with the last id.
 *   <li>The last stream is over: close.
 * </ol>
 */
final class Http2ServerHandler extends ChannelInboundHandlerAdapter implements ServerConnection {

  private static final long DRAIN_PING = 0x72_65_66_6d_65_73_68L;

  private enum Phase {
    SERVING,
    ANNOUNCED,
    LAST_STREAMS,
    CLOSING
  }

  private final HttpService service;
  private final Caller caller;
  private final ServerSettings settings;
  private final Http2FrameCodec codec;
  private final TrustedFields trusted;
  private final boolean tellsAll;
  private final IntObjectHashMap<Http2Exchange> exchanges = new IntObjectHashMap<>(16);
  private @Nullable ChannelHandlerContext contextOrNull;
  private @Nullable FlushLater flushOrNull;
  private Phase phase = Phase.SERVING;
  private int inFlight;

  Http2ServerHandler(
      HttpService service, Caller caller, ServerSettings settings, Http2FrameCodec codec) {
    this.service = service;
    this.caller = caller;
    this.settings = settings;
    this.codec = codec;
    this.trusted = new TrustedFields(caller, settings.role());
    this.tellsAll = tellsAll(caller, settings);
  }

  // -- what the channel says

  @Override
  public void handlerAdded(ChannelHandlerContext context) throws Http2Exception {
    contextOrNull = context;
    flushOrNull = new FlushLater(context);
    Http2Connection connection = codec.connection();
    Http2Stream whole = connection.connectionStream();
    int more =
        settings.connectionWindow() - connection.local().flowController().initialWindowSize(whole);
    if (more > 0) {
      connection.local().flowController().incrementWindowSize(whole, more);
      written();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    switch (message) {
      case Http2HeadersFrame frame -> headers(frame);
      case Http2DataFrame frame -> data(frame);
      case Http2ResetFrame frame -> {
        Http2Exchange exchange = exchanges.get(frame.stream().id());
        if (exchange != null) {
          exchange.callerGone(frame.errorCode());
        }
      }
      case Http2PingFrame frame when frame.ack() && frame.content() == DRAIN_PING -> lastStreams();
      case Http2GoAwayFrame frame -> frame.release();
      default -> ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == Drain.EVENT) {
      announce();
    } else if (event instanceof Http2FrameStreamEvent change
        && change.type() == Http2FrameStreamEvent.Type.State
        && change.stream().state() == Http2Stream.State.CLOSED) {
      Http2Exchange exchange = exchanges.remove(change.stream().id());
      if (exchange != null) {
        exchange.streamClosed();
      }
      maybeClose();
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    phase = Phase.CLOSING;
    List<Http2Exchange> lost = new ArrayList<>(exchanges.values());
    exchanges.clear();
    lost.forEach(Http2Exchange::connectionLost);
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof Http2FrameStreamException broken) {
      // Our codec found the stream malformed: the caller is told, and to the exchange it is a
      // caller that went away.
      reset(broken.stream(), broken.error().code());
      Http2Exchange exchange = exchanges.get(broken.stream().id());
      if (exchange != null) {
        exchange.connectionLost();
      }
    } else if (!(cause instanceof Http2Exception)) {
      Unexpected.log(context.channel(), cause);
      context.close();
    }
    // After an error of the connection the codec sends GOAWAY and closes.
  }

  // -- requests

  private void headers(Http2HeadersFrame frame) {
    Http2Exchange known = exchanges.get(frame.stream().id());
    if (known != null) {
      trailers(known, frame.headers());
      return;
    }
    // Taken before: making the head takes them out.
    Http2Headers fields = frame.headers();
    CharSequence method = fields.method();
    CharSequence path = fields.path();
    CharSequence authority = fields.authority();
    RequestHead head;
    try {
      if (!trusted.believeMesh()) {
        RequestHeads.requireSize(fields, settings.headerBytes());
      }
      head = RequestHeads.ofHttp2(fields, frame.isEndStream(), trusted.believeMesh());
    } catch (BadRequest broken) {
      RequestHead asFarAsRead =
          new RequestHead(
              RequestHead.Version.HTTP_2,
              RequestHeads.text(method),
              "http",
              RequestHeads.text(authority),
              RequestHeads.text(path),
              // What says in which form the error is understood.
              contentType(fields),
              frame.isEndStream());
      Http2Exchange refused = begin(frame.stream(), asFarAsRead);
      service.refused(
          refused.exchange(),
          refused,
          Outcome.Failed.before(broken.error(), String.valueOf(broken.getMessage())));
      return;
    }
    trusted.apply(head.headers());
    Http2Exchange begun = begin(frame.stream(), head);
    service.handle(begun.exchange(), begun);
  }

  private void trailers(Http2Exchange exchange, Http2Headers trailers) {
    try {
      if (!trusted.believeMesh()) {
        RequestHeads.requireSize(trailers, settings.headerBytes());
      }
      exchange.trailers(trailers);
    } catch (BadRequest broken) {
      exchange.trailersRefused(broken.error(), String.valueOf(broken.getMessage()));
    }
  }

  private static Http2Headers contentType(Http2Headers headers) {
    Http2Headers only = new DefaultHttp2Headers(false);
    CharSequence type = headers.get(HttpHeaderNames.CONTENT_TYPE);
    return type == null ? only : only.set(HttpHeaderNames.CONTENT_TYPE, type);
  }

  private Http2Exchange begin(Http2FrameStream stream, RequestHead head) {
    Http2Exchange begun = new Http2Exchange(this, stream, head);
    begun.exchange(
        new Exchange(
            context().channel().eventLoop(),
            caller,
            head,
            begun.requestBody(),
            settings.ticker().nanoTime()));
    exchanges.put(stream.id(), begun);
    inFlight++;
    return begun;
  }

  private void data(Http2DataFrame frame) {
    // The codec may have returned credit to the connection.
    written();
    Http2Exchange exchange = exchanges.get(frame.stream().id());
    if (exchange == null) {
      // Of a stream that is over; what its window owes is returned when the codec closes it.
      frame.release();
      return;
    }
    // Padding is nobody's data: its share of the window is returned here.
    consumed(frame.stream(), frame.initialFlowControlledBytes() - frame.content().readableBytes());
    exchange.received(frame.content(), frame.isEndStream());
  }

  // -- what an exchange says

  ChannelHandlerContext context() {
    if (contextOrNull == null) {
      throw new IllegalStateException("used before it was added to a pipeline");
    }
    return contextOrNull;
  }

  void written() {
    if (flushOrNull != null) {
      flushOrNull.written();
    }
  }

  static boolean tellsAll(Caller caller, ServerSettings settings) {
    return settings.role() == Role.OUTBOUND || caller.meshed();
  }

  boolean tellsAll() {
    return tellsAll;
  }

  /** Whether the caller is another sidecar, which understands what the mesh adds. */
  boolean toSidecar() {
    return trusted.believeMesh();
  }

  void done() {
    inFlight--;
  }

  BufferedBytes buffered() {
    return settings.http2().buffered();
  }

  /** Returns credit to the window of the stream. A closed stream has returned all of its own. */
  void consumed(Http2FrameStream stream, int bytes) {
    Http2Stream open = codec.connection().stream(stream.id());
    if (open == null || bytes == 0) {
      return;
    }
    try {
      if (codec.connection().local().flowController().consumeBytes(open, bytes)) {
        written();
      }
    } catch (Http2Exception e) {
      throw new IllegalStateException(
          "more credit was returned than used: " + bytes + " bytes too many", e);
    }
  }

  void reset(Http2FrameStream stream, long error) {
    context().write(new DefaultHttp2ResetFrame(error).stream(stream));
    written();
  }

  // -- draining

  private void announce() {
    if (phase != Phase.SERVING) {
      return;
    }
    phase = Phase.ANNOUNCED;
    DefaultHttp2GoAwayFrame announcement = new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR);
    announcement.setExtraStreamIds(Integer.MAX_VALUE);
    context().write(announcement);
    context().writeAndFlush(new DefaultHttp2PingFrame(DRAIN_PING));
    context()
        .executor()
        .schedule(this::lastStreams, settings.drainPing().toNanos(), TimeUnit.NANOSECONDS);
  }

  private void lastStreams() {
    if (phase != Phase.ANNOUNCED) {
      return;
    }
    phase = Phase.LAST_STREAMS;
    context().writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR));
    maybeClose();
  }

  private void maybeClose() {
    if (phase == Phase.LAST_STREAMS && exchanges.isEmpty()) {
      phase = Phase.CLOSING;
      context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public int inFlight() {
    return inFlight;
  }
}
