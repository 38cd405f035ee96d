package io.refmesh.proxy.http.client;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.FlushLater;
import io.refmesh.proxy.http.Http1Tunnel;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.Unexpected;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1 connection to an endpoint; used again only after an exchange that was clean on both
 * sides.
 */
final class Http1Connection extends ChannelInboundHandlerAdapter {

  private final ResponseDecoder decoder;
  private final HttpRequestEncoder encoder = new HttpRequestEncoder();
  private final String name;
  private final KeepAliveUpstream upstream;
  private @Nullable ChannelHandlerContext contextOrNull;
  private @Nullable FlushLater flushOrNull;
  private @Nullable Http1Try current;
  private boolean reused;
  private boolean closed;
  private long idleSince;

  private Http1Connection(ResponseDecoder decoder, String name, KeepAliveUpstream upstream) {
    this.decoder = decoder;
    this.name = name;
    this.upstream = upstream;
  }

  static Http1Connection open(
      Channel channel, String name, ClientSettings settings, KeepAliveUpstream upstream) {
    ResponseDecoder decoder = new ResponseDecoder(settings);
    Http1Connection connection = new Http1Connection(decoder, name, upstream);
    // A server may answer and close while we still write: its answer is to be read although our
    // write fails.
    channel.config().setAutoClose(false);
    channel.pipeline().addLast(decoder, connection.encoder, connection);
    return connection;
  }

  // -- what the channel says

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    contextOrNull = context;
    flushOrNull = new FlushLater(context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    Http1Try on = current;
    if (on == null) {
      // Nobody asked: whatever it answers, it is not the next request.
      ReferenceCountUtil.release(message);
      close();
      return;
    }
    // One object may be head and end at once.
    if (message instanceof HttpResponse response) {
      on.head(response);
    }
    if (message instanceof HttpContent content) {
      on.content(content);
    } else if (!(message instanceof HttpResponse)) {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (current != null && context.channel().isWritable()) {
      current.writable();
    }
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    lost("the connection was closed");
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    Http1Try on = current;
    if (on != null && on.onlyTheWriteFailed(cause)) {
      return;
    }
    Unexpected.log(context.channel(), cause);
    lost(String.valueOf(cause.getMessage()));
    context.close();
  }

  private void lost(String why) {
    if (!closed) {
      closed = true;
      upstream.closed(this);
    }
    Http1Try on = current;
    current = null;
    if (on != null) {
      on.lost(why);
    }
  }

  // -- exchanges

  void start(Exchange exchange, Reply reply) {
    boolean kept = reused;
    reused = true;
    decoder.expect(exchange.request());
    Http1Try begun = new Http1Try(this, upstream, exchange, reply, kept);
    current = begun;
    begun.start();
  }

  /** Whether it had an exchange, or waited for one. */
  boolean reused() {
    return reused;
  }

  boolean bytesRead() {
    return decoder.bytesRead();
  }

  /**
   * The exchange is over; {@code clean} says whether the next one can follow on this connection.
   */
  void finished(boolean clean) {
    current = null;
    if (clean && !closed && context().channel().isActive()) {
      pauseReading(false);
      upstream.free(this);
    } else {
      close();
    }
  }

  /** The connection is no longer HTTP: what comes after the head just read goes into a pipe. */
  Http1Tunnel becomeTunnel(BodyPipe incoming, BodyPipe outgoing, Http1Tunnel.Owner owner) {
    Http1Tunnel tunnel = new Http1Tunnel(incoming, outgoing, owner);
    context().pipeline().remove(encoder);
    context().pipeline().replace(decoder, null, tunnel);
    return tunnel;
  }

  /** Its tunnel is over; it closes by itself. */
  void tunnelOver() {
    current = null;
    if (!closed) {
      closed = true;
      upstream.closed(this);
    }
  }

  void close() {
    if (!closed) {
      closed = true;
      upstream.closed(this);
    }
    context().close();
  }

  /** Makes the close that follows a reset. */
  void reset() {
    if (context().channel().isOpen()) {
      context().channel().config().setOption(ChannelOption.SO_LINGER, 0);
    }
  }

  void pauseReading(boolean pause) {
    // epoll refuses to change what it is to tell about a socket that is closed.
    if (context().channel().isOpen()) {
      context().channel().config().setAutoRead(!pause);
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
    return name;
  }

  /** It has no exchange: the server may close it at any time from now on. */
  void idleSince(long nanos) {
    reused = true;
    idleSince = nanos;
  }

  long idleSince() {
    return idleSince;
  }
}
