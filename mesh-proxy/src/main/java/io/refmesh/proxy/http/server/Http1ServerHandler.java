package io.refmesh.proxy.http.server;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.ReadOnlyHttp2Headers;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.accept.HalfClosing;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.FlushLater;
import io.refmesh.proxy.http.Http1Tunnel;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.Unexpected;
import io.refmesh.proxy.http.server.ServerSettings.Role;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1 connection from a caller: hands out its requests one after the other and decides when
 * the connection ends.
 *
 * <p>It keeps reading while a request is answered; what a caller sends ahead is kept, and reading
 * pauses as soon as there is some, so that at most one read is kept. A caller that ends its side
 * still gets the answers to what it has sent whole: it has gone when the connection is reset, or
 * when its side ends in the middle of a request.
 *
 * <p>Long because what a connection may do next depends on all of it: what was read ahead, who is
 * being answered, who has ended which side.
 */
final class Http1ServerHandler extends ChannelInboundHandlerAdapter
    implements ServerConnection, RequestDecoder.HeadTrouble {

  /**
   * How long a caller may take to read a last answer and close: closing at once could destroy the
   * answer on its way.
   */
  private static final long LINGER_MILLIS = 1_000;

  /** Decides how a refusal is written: as the answer to a plain GET, with its text. */
  private static final RequestHead NOBODYS =
      new RequestHead(
          RequestHead.Version.HTTP_1_1,
          "GET",
          "http",
          "",
          "/",
          ReadOnlyHttp2Headers.trailers(false),
          true);

  /** A request that cannot be understood, in its place among those read ahead. */
  private record Trouble(MeshError error, String detail, RequestHead asFarAsRead) {}

  private final HttpService service;
  private final Connects connects;
  private final Caller caller;
  private final ServerSettings settings;
  private final RequestDecoder decoder;
  private final ResponseEncoder encoder;
  private final TrustedFields trusted;
  private final boolean tellsAll;
  private final ArrayDeque<Object> readAhead = new ArrayDeque<>(4);
  private @Nullable ChannelHandlerContext contextOrNull;
  private @Nullable FlushLater flushOrNull;
  private @Nullable Http1Exchange current;
  private boolean serving;
  private boolean bodyPaused;
  private boolean holding;
  private boolean heldBack;
  private boolean tunnelling;
  private boolean inputEnded;
  private boolean draining;
  private boolean closing;
  private int inFlight;

  Http1ServerHandler(
      HttpService service,
      Caller caller,
      ServerSettings settings,
      ResponseEncoder encoder,
      Connects connects) {
    this.service = service;
    this.connects = connects;
    this.caller = caller;
    this.settings = settings;
    this.decoder = new RequestDecoder(settings, this);
    this.encoder = encoder;
    this.trusted = new TrustedFields(caller, settings.role());
    this.tellsAll = settings.role() == Role.OUTBOUND || caller.meshed();
  }

  // -- what the channel says

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    contextOrNull = context;
    flushOrNull = new FlushLater(context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (closing) {
      ReferenceCountUtil.release(message);
    } else if (!readAhead.isEmpty() || current != null && current.requestEnded()) {
      readAhead.add(message);
      updateReading();
    } else {
      take(message);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closing = true;
    dropReadAhead();
    Http1Exchange ended = current;
    current = null;
    if (ended != null) {
      ended.connectionLost();
    }
    context.fireChannelInactive();
  }

  RequestDecoder decoder() {
    return decoder;
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (current != null && context.channel().isWritable()) {
      current.writable();
    }
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == Drain.EVENT && !draining) {
      draining = true;
      if (current == null) {
        closeWhenStillIdle();
      }
    } else if (event instanceof ChannelInputShutdownEvent) {
      inputEnded = true;
      if (current != null && !current.requestEnded()) {
        // Its request will never be complete.
        close();
      } else {
        closeIfAllIsAnswered();
      }
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // Of the connection or of a write: either way nothing more can be said on it. channelInactive
    // tells the exchange.
    Unexpected.log(context.channel(), cause);
    close();
  }

  // -- requests

  private void take(Object message) {
    if (message instanceof HttpRequest request) {
      begin(request);
    } else if (message instanceof HttpContent content && current != null) {
      current.received(content);
    } else if (message instanceof Trouble trouble) {
      answer(trouble);
    } else {
      ReferenceCountUtil.release(message);
    }
  }

  private void begin(HttpRequest request) {
    // Taken before: making the head takes fields out.
    String authority = request.headers().get(HttpHeaderNames.HOST, "");
    RequestHead head;
    try {
      head = RequestHeads.ofHttp1(request);
    } catch (BadRequest broken) {
      refuse(
          broken.error(),
          String.valueOf(broken.getMessage()),
          new RequestHead(
              RequestHead.Version.HTTP_1_1,
              request.method().name(),
              "http",
              authority,
              request.uri(),
              new DefaultHttp2Headers(false),
              true));
      return;
    }
    trusted.apply(head.headers());
    Runnable onward = head.method().equals("CONNECT") ? connects.onward(head) : null;
    if (onward != null) {
      handOver(onward);
      return;
    }
    Http1Exchange begun = new Http1Exchange(this, head, HttpUtil.isKeepAlive(request));
    Exchange exchange =
        new Exchange(
            context().channel().eventLoop(),
            caller,
            head,
            begun.requestBody(),
            settings.ticker().nanoTime());
    begun.exchange(exchange);
    current = begun;
    inFlight++;
    if (head.opensTunnel()) {
      holding = true;
      decoder.hold(this::moreFollows);
    }
    service.handle(exchange, begun);
  }

  /** The connection is another server's from now on. */
  private void handOver(Runnable onward) {
    holding = true;
    decoder.hold(this::moreFollows);
    context()
        .writeAndFlush(
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.EMPTY_BUFFER))
        .addListener(written -> {
          if (written.isSuccess()) {
            // Not while the decoder still hands on the head.
            context().executor().execute(() -> leave(onward));
          } else {
            close();
          }
        });
  }

  private void leave(Runnable onward) {
    ChannelPipeline pipeline = context().pipeline();
    if (!context().channel().isActive()) {
      return;
    }
    context().channel().config().setAutoRead(true);
    pipeline.remove(encoder);
    onward.run();
    pipeline.remove(this);
    pipeline.remove(decoder);
    pipeline.fireChannelReadComplete();
  }

  @Override
  public void malformed(RequestHead asFarAsRead) {
    refuse(
        MeshError.BAD_REQUEST,
        "the request line is malformed (expected: method, target and version with one space"
            + " between, ended by CRLF)",
        asFarAsRead);
  }

  @Override
  public void folded(RequestHead asFarAsRead) {
    refuse(
        MeshError.BAD_REQUEST,
        "a header line is continued on the next (expected: one line for each field)",
        asFarAsRead);
  }

  @Override
  public void unreadable(Throwable cause, RequestHead asFarAsRead) {
    if (cause instanceof TooLongHttpHeaderException || cause instanceof TooLongHttpLineException) {
      BadRequest tooLarge = BadRequest.tooLarge(settings.headerBytes());
      refuse(tooLarge.error(), String.valueOf(tooLarge.getMessage()), asFarAsRead);
    } else {
      refuse(MeshError.BAD_REQUEST, String.valueOf(cause.getMessage()), asFarAsRead);
    }
  }

  @Override
  public void late(RequestHead asFarAsRead) {
    refuse(
        MeshError.HEADER_TIMEOUT,
        "the head did not end within " + settings.headerTimeout().toMillis() + " ms",
        asFarAsRead);
  }

  /**
   * Answers a request that never became an exchange, in its turn, and ends the connection: the rest
   * of it cannot be understood.
   */
  private void refuse(MeshError error, String detail, RequestHead asFarAsRead) {
    if (closing) {
      return;
    }
    Trouble trouble = new Trouble(error, detail, asFarAsRead);
    if (current != null || !readAhead.isEmpty()) {
      readAhead.add(trouble);
      return;
    }
    answer(trouble);
  }

  private void answer(Trouble trouble) {
    Http1Exchange refused = new Http1Exchange(this, NOBODYS, false);
    Exchange exchange =
        new Exchange(
            context().channel().eventLoop(),
            caller,
            trouble.asFarAsRead,
            BodyPipe.empty(),
            settings.ticker().nanoTime());
    refused.exchange(exchange);
    current = refused;
    inFlight++;
    service.refused(exchange, refused, Outcome.Failed.before(trouble.error, trouble.detail));
  }

  private void moreFollows() {
    heldBack = true;
    updateReading();
  }

  // -- what an exchange says

  /**
   * The connection is no longer HTTP: what was read ahead and all that comes goes into {@code
   * incoming}. The head that says so has been written.
   */
  Http1Tunnel becomeTunnel(BodyPipe incoming, BodyPipe outgoing, Http1Tunnel.Owner owner) {
    Http1Tunnel tunnel = new Http1Tunnel(incoming, outgoing, owner);
    tunnelling = true;
    context().pipeline().remove(encoder);
    context().pipeline().replace(decoder, null, tunnel);
    return tunnel;
  }

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

  ResponseEncoder encoder() {
    return encoder;
  }

  boolean tellsAll() {
    return tellsAll;
  }

  boolean draining() {
    return draining;
  }

  boolean closing() {
    return closing;
  }

  void done() {
    inFlight--;
  }

  void pauseReading(boolean pause) {
    bodyPaused = pause;
    updateReading();
  }

  /** The exchange is over, its request read to the end. */
  void finished(boolean keepAlive) {
    current = null;
    bodyPaused = false;
    if (closing) {
      return;
    }
    if (!keepAlive) {
      boolean unread = !readAhead.isEmpty();
      closing = true;
      dropReadAhead();
      if (unread) {
        closeLingering();
      } else {
        context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> close());
      }
      return;
    }
    goOn();
    serveReadAhead();
    closeIfAllIsAnswered();
    if (current == null && draining && !closing) {
      closeWhenStillIdle();
    }
  }

  /** A caller that sends no more may still be waiting for what it asked for. */
  private void closeIfAllIsAnswered() {
    if (inputEnded && current == null && readAhead.isEmpty() && !closing) {
      closing = true;
      context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> close());
    }
  }

  private void close() {
    HalfClosing.close(context().channel());
  }

  /** There was no tunnel. */
  private void goOn() {
    if (holding) {
      holding = false;
      heldBack = false;
      try {
        decoder.goOn(context().pipeline().context(decoder));
      } catch (Exception e) {
        exceptionCaught(context(), e);
      }
    }
  }

  /** The exchange is answered, but its request cannot be read to its end. */
  void finishedUnread() {
    current = null;
    closing = true;
    dropReadAhead();
    closeLingering();
  }

  /** Ends the connection so that the caller cannot take what it has for the whole answer. */
  void reset() {
    closing = true;
    dropReadAhead();
    // What was written before the cut is the caller's. A flush may find that the caller has gone.
    context().flush();
    HalfClosing.reset(context().channel());
  }

  private void serveReadAhead() {
    if (serving) {
      return;
    }
    serving = true;
    while (!closing && !(current != null && current.requestEnded())) {
      Object next = readAhead.poll();
      if (next == null) {
        break;
      }
      take(next);
    }
    serving = false;
    updateReading();
  }

  private void updateReading() {
    // epoll refuses to change what it is to tell about a socket that is closed.
    if (context().channel().isOpen() && !tunnelling && !inputEnded) {
      context()
          .channel()
          .config()
          .setAutoRead(closing || readAhead.isEmpty() && !bodyPaused && !heldBack);
    }
  }

  private void dropReadAhead() {
    readAhead.forEach(ReferenceCountUtil::release);
    readAhead.clear();
  }

  /**
   * Flushes, says that nothing more comes, and drops what still comes until the caller closes.
   * Closing with bytes unread makes the kernel send RST, and with it the caller loses an answer
   * that it has not read yet.
   */
  private void closeLingering() {
    updateReading();
    ChannelHandlerContext context = context();
    context
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(written -> {
          if (context.channel() instanceof DuplexChannel duplex && written.isSuccess()) {
            duplex.shutdownOutput();
            context.executor().schedule(this::close, LINGER_MILLIS, TimeUnit.MILLISECONDS);
          } else {
            close();
          }
        });
  }

  /**
   * A request may cross the close of an idle connection and be lost. So an idle connection waits
   * for one more request, which is answered with {@code connection: close}, and is closed only when
   * none came for a while.
   */
  private void closeWhenStillIdle() {
    context()
        .executor()
        .schedule(
            () -> {
              if (current == null && !closing) {
                closing = true;
                close();
              }
            },
            settings.drainIdle().toNanos(),
            TimeUnit.NANOSECONDS);
  }

  @Override
  public int inFlight() {
    return inFlight;
  }
}
