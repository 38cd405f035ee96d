package io.refmesh.proxy.http.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameReader;
import io.netty.handler.codec.http2.Http2FrameWriter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * One end of an HTTP/2 connection without any state: it writes the frames that the test asks for,
 * right or wrong, and keeps those that come. On the loop's thread, but for the lists.
 */
public final class Http2Peer extends ChannelInboundHandlerAdapter implements Http2FrameListener {

  /** A frame in words: {@code HEADERS 1 :status=200 end}, {@code DATA 1 5 bytes}. */
  public final List<String> frames = new CopyOnWriteArrayList<>();

  public final java.io.ByteArrayOutputStream data = new java.io.ByteArrayOutputStream();
  public volatile boolean closed;

  /** Grants credit for all that comes. */
  public boolean grants = true;

  /** Answers SETTINGS and PING. */
  public boolean polite = true;

  private final boolean client;
  private final Http2Settings settings;
  private final Http2FrameWriter writer = new DefaultHttp2FrameWriter();
  private final Http2FrameReader reader =
      new DefaultHttp2FrameReader(new DefaultHttp2HeadersDecoder(false, 1 << 20));
  private @Nullable ChannelHandlerContext context;
  private int prefaceLeft;
  private ByteBuf pending = Unpooled.EMPTY_BUFFER;

  public Http2Peer(boolean client, Http2Settings settings) {
    this.client = client;
    this.settings = settings;
    this.prefaceLeft = client ? 0 : Http2CodecUtil.connectionPrefaceBuf().readableBytes();
  }

  public static Http2Peer server(ChannelPipeline pipeline, Http2Settings settings) {
    Http2Peer peer = new Http2Peer(false, settings);
    pipeline.addLast(peer);
    return peer;
  }

  public Channel channel() {
    return context().channel();
  }

  private ChannelHandlerContext context() {
    if (context == null) {
      throw new AssertionError("not connected");
    }
    return context;
  }

  // -- what the test sends

  public Http2Peer headers(int stream, boolean end, String... fields) {
    Http2Headers headers = new DefaultHttp2Headers(false);
    for (int i = 0; i < fields.length; i += 2) {
      headers.add(fields[i], fields[i + 1]);
    }
    writer.writeHeaders(context(), stream, headers, 0, end, context().newPromise());
    context().flush();
    return this;
  }

  public Http2Peer data(int stream, byte[] bytes, int padding, boolean end) {
    writer.writeData(
        context(), stream, Unpooled.wrappedBuffer(bytes), padding, end, context().newPromise());
    context().flush();
    return this;
  }

  public Http2Peer data(int stream, String text, boolean end) {
    return data(stream, text.getBytes(StandardCharsets.UTF_8), 0, end);
  }

  public Http2Peer reset(int stream, long code) {
    writer.writeRstStream(context(), stream, code, context().newPromise());
    context().flush();
    return this;
  }

  public Http2Peer goAway(int last, long code) {
    writer.writeGoAway(context(), last, code, Unpooled.EMPTY_BUFFER, context().newPromise());
    context().flush();
    return this;
  }

  public Http2Peer settings(Http2Settings changed) {
    writer.writeSettings(context(), changed, context().newPromise());
    context().flush();
    return this;
  }

  public Http2Peer credit(int stream, int bytes) {
    writer.writeWindowUpdate(context(), stream, bytes, context().newPromise());
    context().flush();
    return this;
  }

  public boolean saw(String start) {
    return frames.stream().anyMatch(frame -> frame.startsWith(start));
  }

  public long count(String start) {
    return frames.stream().filter(frame -> frame.startsWith(start)).count();
  }

  // -- the connection

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    if (added.channel().isActive()) {
      begin();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext active) {
    begin();
  }

  private void begin() {
    if (client) {
      context().write(Http2CodecUtil.connectionPrefaceBuf());
    }
    writer.writeSettings(context(), settings, context().newPromise());
    context().flush();
  }

  @Override
  public void channelRead(ChannelHandlerContext read, Object message) throws Http2Exception {
    ByteBuf bytes = (ByteBuf) message;
    pending = Unpooled.wrappedBuffer(Unpooled.copiedBuffer(pending), Unpooled.copiedBuffer(bytes));
    bytes.release();
    int skip = Math.min(prefaceLeft, pending.readableBytes());
    pending.skipBytes(skip);
    prefaceLeft -= skip;
    int before;
    do {
      before = pending.readableBytes();
      reader.readFrame(read, pending, this);
    } while (pending.readableBytes() < before && pending.isReadable());
  }

  @Override
  public void channelInactive(ChannelHandlerContext inactive) {
    closed = true;
    reader.close();
    writer.close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext caught, Throwable cause) {
    frames.add("ERROR " + cause);
    caught.close();
  }

  // -- what comes

  @Override
  public int onDataRead(
      ChannelHandlerContext c, int stream, ByteBuf bytes, int padding, boolean end) {
    int length = bytes.readableBytes();
    frames.add("DATA " + stream + " " + length + " bytes" + (end ? " end" : ""));
    data.writeBytes(ByteBufUtil.getBytes(bytes));
    if (grants && length > 0) {
      writer.writeWindowUpdate(c, 0, length, c.newPromise());
      if (!end) {
        writer.writeWindowUpdate(c, stream, length, c.newPromise());
      }
      c.flush();
    }
    return 0;
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext c, int stream, Http2Headers headers, int padding, boolean end) {
    StringBuilder text = new StringBuilder("HEADERS " + stream);
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      text.append(' ').append(field.getKey()).append('=').append(field.getValue());
    }
    frames.add(text + (end ? " end" : ""));
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext c,
      int stream,
      Http2Headers headers,
      int dependency,
      short weight,
      boolean exclusive,
      int padding,
      boolean end) {
    onHeadersRead(c, stream, headers, padding, end);
  }

  @Override
  public void onPriorityRead(
      ChannelHandlerContext c, int stream, int dependency, short weight, boolean exclusive) {}

  @Override
  public void onRstStreamRead(ChannelHandlerContext c, int stream, long code) {
    frames.add("RST_STREAM " + stream + " " + code);
  }

  @Override
  public void onSettingsAckRead(ChannelHandlerContext c) {
    frames.add("SETTINGS ack");
  }

  @Override
  public void onSettingsRead(ChannelHandlerContext c, Http2Settings received) {
    frames.add("SETTINGS " + received);
    if (polite) {
      writer.writeSettingsAck(c, c.newPromise());
      c.flush();
    }
  }

  @Override
  public void onPingRead(ChannelHandlerContext c, long payload) {
    frames.add("PING");
    if (polite) {
      writer.writePing(c, true, payload, c.newPromise());
      c.flush();
    }
  }

  @Override
  public void onPingAckRead(ChannelHandlerContext c, long payload) {
    frames.add("PING ack");
  }

  @Override
  public void onPushPromiseRead(
      ChannelHandlerContext c, int stream, int promised, Http2Headers headers, int padding) {}

  @Override
  public void onGoAwayRead(ChannelHandlerContext c, int last, long code, ByteBuf debug) {
    frames.add("GOAWAY " + last + " " + code);
  }

  @Override
  public void onWindowUpdateRead(ChannelHandlerContext c, int stream, int increment) {
    frames.add("WINDOW_UPDATE " + stream + " " + increment);
  }

  @Override
  public void onUnknownFrame(
      ChannelHandlerContext c, byte type, int stream, Http2Flags flags, ByteBuf payload) {}
}
