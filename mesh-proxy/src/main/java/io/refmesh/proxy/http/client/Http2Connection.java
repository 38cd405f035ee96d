package io.refmesh.proxy.http.client;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2PingFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2Connection.Endpoint;
import io.netty.handler.codec.http2.Http2ConnectionPrefaceAndSettingsFrameWrittenEvent;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamEvent;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.concurrent.ScheduledFuture;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BufferedBytes;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.FlushLater;
import io.refmesh.proxy.http.GuardedHttp2Codec;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.QuietCodec;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.Unexpected;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection to an endpoint: opens streams, finds for each frame the try of its stream,
 * and watches that the peer lives.
 *
 * <h2>Alive or dead</h2>
 *
 * Any byte read proves life. After {@code pingAfter} of silence, or when a request timed out and
 * nothing was read since before it was sent, a PING is sent; when nothing is read for {@code
 * pingDead} after it, the connection is closed and its exchanges fail.
 */
final class Http2Connection extends Http2ChannelDuplexHandler {

  /** Told once how the opening went. */
  interface Opening {
    void opened(Http2Connection connection);

    void failed(Outcome.Failed why);
  }

  /**
   * Stream ids are odd and end at 2^31-1: a connection that comes near is replaced before it fails.
   */
  private static final int LAST_COMFORTABLE_ID = Integer.MAX_VALUE - 4096;

  private static final long KEEP_ALIVE_PING = 0x6b_65_65_70_61_6c_69_76L;

  private final Http2FrameCodec codec;
  private final Connector connector;
  private final ClientSettings settings;
  private final MultiplexedUpstream upstream;
  private final IntObjectHashMap<Http2Try> tries = new IntObjectHashMap<>(16);
  private @Nullable Opening opening;
  private @Nullable ChannelHandlerContext contextOrNull;
  private @Nullable FlushLater flushOrNull;
  private @Nullable ScheduledFuture<?> silenceTimer;
  private @Nullable ScheduledFuture<?> deadTimer;
  private long lastReadNanos;
  private int reads;
  private boolean reading;
  private long pingNanos;
  private boolean retired;
  private boolean dead;
  private @Nullable String goodbye;
  private boolean takesUpgrades;

  private Http2Connection(
      Http2FrameCodec codec,
      Connector connector,
      ClientSettings settings,
      MultiplexedUpstream upstream,
      Opening opening) {
    this.codec = codec;
    this.connector = connector;
    this.settings = settings;
    this.upstream = upstream;
    this.opening = opening;
  }

  /** Speaks HTTP/2 on a connection that is ready for it. */
  static void open(
      Channel channel,
      Connector connector,
      ClientSettings settings,
      MultiplexedUpstream upstream,
      Opening opening) {
    QuietCodec.quiet();
    Http2FrameCodec codec =
        GuardedHttp2Codec.client(
            Http2Settings.defaultSettings()
                .pushEnabled(false)
                .initialWindowSize(settings.streamWindow())
                .maxHeaderListSize(settings.headerBytes()),
            settings.http2(),
            upstream.sidecar());
    Http2Connection connection = new Http2Connection(codec, connector, settings, upstream, opening);
    channel.pipeline().addLast(codec, connection);
    if (!channel.isActive()) {
      connection.lost("the connection was closed");
    }
  }

  // -- what the channel says

  @Override
  protected void handlerAdded0(ChannelHandlerContext context) throws Http2Exception {
    contextOrNull = context;
    flushOrNull = new FlushLater(context);
    lastReadNanos = upstream.ticker().nanoTime();
    deadTimer =
        context
            .executor()
            .schedule(this::settingsAreLate, connector.timeoutMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    reading = true;
    switch (message) {
      case Http2HeadersFrame frame -> {
        Http2Try on = tries.get(frame.stream().id());
        if (on != null) {
          on.headers(frame.headers(), frame.isEndStream());
        }
      }
      case Http2DataFrame frame -> data(frame);
      case Http2ResetFrame frame -> {
        Http2Try on = tries.remove(frame.stream().id());
        if (on != null) {
          on.reset(frame.errorCode());
        }
      }
      case Http2SettingsFrame frame -> settingsArrived(frame.settings());
      case Http2GoAwayFrame frame -> goAway(frame);
      default -> ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    reading = false;
    reads++;
    lastReadNanos = upstream.ticker().nanoTime();
    context.fireChannelReadComplete();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
    if (event instanceof Http2ConnectionPrefaceAndSettingsFrameWrittenEvent) {
      widenWindow();
    } else if (event instanceof Http2FrameStreamEvent change
        && change.type() == Http2FrameStreamEvent.Type.State
        && change.stream().state() == Http2Stream.State.CLOSED) {
      Http2Try on = tries.remove(change.stream().id());
      if (on != null) {
        on.closed();
      }
      streamEnded();
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    lost(goodbye == null ? "the connection was closed" : goodbye);
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof Http2FrameStreamException broken) {
      Http2Try on = tries.remove(broken.stream().id());
      reset(broken.stream(), broken.error());
      if (on != null) {
        on.broken(String.valueOf(cause.getMessage()));
      }
      return;
    }
    goodbye = goodbye == null ? String.valueOf(cause.getMessage()) : goodbye;
    if (!(cause instanceof Http2Exception)) {
      Unexpected.log(context.channel(), cause);
      context.close();
    }
    // After an error of the connection the codec sends GOAWAY and closes.
  }

  private void data(Http2DataFrame frame) {
    // The codec may have returned credit to the connection.
    written();
    Http2Try on = tries.get(frame.stream().id());
    if (on == null) {
      // Of a stream that is over; what its window owes is returned when the codec closes it.
      frame.release();
      return;
    }
    // Padding is nobody's data: its share of the window is returned here.
    consumed(frame.stream(), frame.initialFlowControlledBytes() - frame.content().readableBytes());
    on.data(frame.content(), frame.isEndStream());
  }

  // -- opening and closing

  private void widenWindow() throws Http2Exception {
    Http2Stream whole = codec.connection().connectionStream();
    int more =
        settings.connectionWindow()
            - codec.connection().local().flowController().initialWindowSize(whole);
    if (more > 0) {
      codec.connection().local().flowController().incrementWindowSize(whole, more);
      written();
    }
  }

  private void settingsArrived(Http2Settings changed) {
    Boolean connectProtocol = changed.connectProtocolEnabled();
    takesUpgrades = connectProtocol == null ? takesUpgrades : connectProtocol;
    Opening told = opening;
    if (told == null) {
      upstream.roomOn(this);
      return;
    }
    opening = null;
    stop(deadTimer);
    deadTimer = null;
    watchSilence(settings.pingAfter().toNanos());
    told.opened(this);
  }

  private void settingsAreLate() {
    Opening told = opening;
    opening = null;
    if (told != null) {
      context().close();
      told.failed(
          Outcome.Failed.before(
              MeshError.CONNECT_TIMEOUT,
              connector.name()
                  + " sent no HTTP/2 SETTINGS within "
                  + connector.timeoutMillis()
                  + " ms"));
    }
  }

  private void goAway(Http2GoAwayFrame frame) {
    int last = frame.lastStreamId();
    if (goodbye == null && frame.errorCode() != Http2Error.NO_ERROR.code()) {
      goodbye =
          "GOAWAY "
              + Http2Error.valueOf(frame.errorCode())
              + ": "
              + frame.content().toString(StandardCharsets.UTF_8);
    }
    frame.release();
    List<Http2Try> unprocessed = new ArrayList<>();
    for (IntObjectHashMap.PrimitiveEntry<Http2Try> entry : tries.entries()) {
      if (entry.key() > last) {
        unprocessed.add(entry.value());
      }
    }
    retire();
    for (Http2Try refused : unprocessed) {
      tries.remove(refused.id());
      refused.refused("GOAWAY below its stream");
    }
  }

  /** Takes no more streams; closes after the last one. */
  void retire() {
    if (!retired) {
      retired = true;
      upstream.retired(this);
    }
    maybeClose();
  }

  private void maybeClose() {
    if (retired && tries.isEmpty() && codec.connection().numActiveStreams() == 0 && !dead) {
      dead = true;
      stopTimers();
      context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private void lost(String why) {
    dead = true;
    stopTimers();
    Opening told = opening;
    opening = null;
    if (told != null) {
      told.failed(Outcome.Failed.before(MeshError.CONNECT_FAILED, connector.name() + ": " + why));
    }
    List<Http2Try> cut = new ArrayList<>(tries.values());
    tries.clear();
    if (!retired) {
      retired = true;
      upstream.retired(this);
    }
    for (Http2Try one : cut) {
      one.broken(why);
    }
  }

  // -- streams

  /** Whether a stream can be opened now. */
  boolean hasRoom() {
    Endpoint<?> local = codec.connection().local();
    return !retired
        && !dead
        && opening == null
        && local.canOpenStream()
        && local.lastStreamCreated() < LAST_COMFORTABLE_ID;
  }

  /** Whether the peer takes extended CONNECT (RFC 8441 §3). */
  boolean takesUpgrades() {
    return takesUpgrades;
  }

  void start(Exchange exchange, Reply reply, boolean again) {
    Http2Try one = new Http2Try(this, upstream, exchange, reply, newStream(), again);
    one.start();
    if (codec.connection().local().lastStreamCreated() >= LAST_COMFORTABLE_ID) {
      retire();
    }
  }

  void registered(Http2Try one) {
    tries.put(one.id(), one);
  }

  /** The try is over; frames that still come for its stream are dropped. */
  void forget(Http2Try one) {
    tries.remove(one.id());
  }

  private void streamEnded() {
    if (retired) {
      maybeClose();
    } else {
      upstream.roomOn(this);
    }
  }

  void reset(Http2FrameStream stream, Http2Error error) {
    if (stream.id() > 0 && !dead) {
      context().write(new DefaultHttp2ResetFrame(error).stream(stream));
      written();
    }
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

  String name() {
    return connector.name();
  }

  // -- alive or dead

  private void watchSilence(long nanos) {
    silenceTimer = context().executor().schedule(this::checkSilence, nanos, TimeUnit.NANOSECONDS);
  }

  private void checkSilence() {
    if (dead) {
      return;
    }
    long silent = upstream.ticker().nanoTime() - lastReadNanos;
    long left = settings.pingAfter().toNanos() - silent;
    if (left > 0) {
      watchSilence(left);
    } else {
      ping();
      watchSilence(settings.pingAfter().toNanos());
    }
  }

  /** To be remembered with a request that is sent now, for {@link #timedOut}. */
  int readsSoFar() {
    return reading ? reads + 1 : reads;
  }

  /** A request timed out that was sent when the connection had been read so many times. */
  void timedOut(int readsBefore) {
    if (reads - readsBefore <= 0) {
      ping();
    }
  }

  private void ping() {
    if (deadTimer != null || dead) {
      return;
    }
    pingNanos = upstream.ticker().nanoTime();
    context().write(new DefaultHttp2PingFrame(KEEP_ALIVE_PING));
    written();
    deadTimer =
        context()
            .executor()
            .schedule(this::checkAnswer, settings.pingDead().toNanos(), TimeUnit.NANOSECONDS);
  }

  private void checkAnswer() {
    deadTimer = null;
    if (dead || lastReadNanos - pingNanos > 0) {
      return;
    }
    String why = "no answer to a PING within " + settings.pingDead().toMillis() + " ms";
    goodbye = why;
    lost(why);
    context().close();
  }

  private void stopTimers() {
    stop(silenceTimer);
    stop(deadTimer);
  }

  private static void stop(@Nullable ScheduledFuture<?> timer) {
    if (timer != null) {
      timer.cancel(false);
    }
  }
}
