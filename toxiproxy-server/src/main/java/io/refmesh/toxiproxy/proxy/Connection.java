package io.refmesh.toxiproxy.proxy;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.TRACE;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.toxiproxy.link.Link;
import io.refmesh.toxiproxy.link.LinkEnds;
import io.refmesh.toxiproxy.link.Seeds;
import io.refmesh.toxiproxy.toxic.Direction;
import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicChange;
import io.refmesh.toxiproxy.toxic.ToxicType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An accepted client joined to its own connection to the upstream by two links. Lives on the
 * client's event loop, and so does the socket to the upstream.
 *
 * <p>There is no half-close: when the end of one direction has passed its toxics, the socket it
 * leads to is closed altogether. The other link sees that as the end of its own source, and closes
 * the other socket when that end has passed its toxics too.
 */
final class Connection implements Dialer.Caller {
  /** The original copies through buffers of this size; it is the largest chunk a toxic sees. */
  private static final int CHUNK_BYTES_MAX = 32 * 1024;

  private static final System.Logger LOG = System.getLogger(Connection.class.getName());

  private final Lane lane;
  private final SocketChannel client;
  private final Link upstream;
  private final Link downstream;
  private final Side clientSide;
  private final Side serverSide;

  Connection(Lane lane, SocketChannel client, long seed) {
    this.lane = lane;
    this.client = client;
    this.clientSide = new Side();
    this.serverSide = new Side();
    this.upstream =
        new Link(client.eventLoop(), new Ends(clientSide, serverSide), Seeds.mix(seed, 0));
    this.downstream =
        new Link(client.eventLoop(), new Ends(serverSide, clientSide), Seeds.mix(seed, 1));
  }

  /** Takes over the client's pipeline and dials. */
  void open(Dialer dialer) {
    client.pipeline().addLast(clientSide);
    dialer.dial(client.eventLoop(), this);
  }

  void apply(ToxicChange change) {
    (change.toxic().direction() == Direction.UPSTREAM ? upstream : downstream).apply(change);
  }

  /** Closes both sockets at once: with a reset where linger says so, else with FIN. */
  void close() {
    clientSide.close();
    serverSide.close();
  }

  @Override
  public ChannelHandler handler() {
    return serverSide;
  }

  @Override
  public boolean waits() {
    return client.isOpen();
  }

  @Override
  public void failed(Throwable why) {
    if (waits()) {
      LOG.log(
          DEBUG,
          "cannot reach the upstream, closed its client: client={0} why={1}",
          client,
          why.getMessage());
      client.close();
    }
  }

  private void start() {
    List<Toxic> toxics = lane.toxics();
    if (toxics.stream().anyMatch(toxic -> toxic.type() == ToxicType.RESET_PEER)) {
      // On both sockets and whatever the draw will say, as in the original: any close of this
      // connection is a reset.
      clientSide.resetOnClose();
      serverSide.resetOnClose();
    }
    upstream.start(
        toxics.stream().filter(toxic -> toxic.direction() == Direction.UPSTREAM).toList());
    downstream.start(
        toxics.stream().filter(toxic -> toxic.direction() == Direction.DOWNSTREAM).toList());
  }

  private void closed() {
    if (clientSide.open()) {
      return;
    }
    if (!serverSide.active()) {
      // Still dialling, or never got that far: there is nobody to dial for.
      serverSide.close();
    }
    if (!serverSide.open()) {
      upstream.destinationClosed();
      downstream.destinationClosed();
      lane.ended(this);
    }
  }

  /** The two sockets as one link sees them. */
  private record Ends(Side source, Side destination) implements LinkEnds {
    @Override
    public void read() {
      source.channel().read();
    }

    @Override
    public boolean writable() {
      return destination.channel().isWritable();
    }

    @Override
    public void write(ByteBuf chunk) {
      destination.channel().writeAndFlush(chunk, destination.channel().voidPromise());
    }

    @Override
    public void close() {
      destination.closeWhenSent();
    }
  }

  /**
   * The handler of one of the two sockets. Marked sharable because a dial may try several sockets,
   * one after another; it serves the latest.
   */
  @ChannelHandler.Sharable
  private final class Side extends ChannelInboundHandlerAdapter {
    private @Nullable Channel channel;

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      channel = ctx.channel();
      channel
          .config()
          .setAutoRead(false)
          .setRecvByteBufAllocator(
              new FixedRecvByteBufAllocator(CHUNK_BYTES_MAX).maxMessagesPerRead(1))
          // Writable again only when everything is sent: a link's last stage is to feel the
          // receiver.
          .setWriteBufferWaterMark(new WriteBufferWaterMark(1, CHUNK_BYTES_MAX));
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
      channel.config().setOption(ChannelOption.TCP_NODELAY, true);
      channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      if (this == serverSide) {
        if (clientSide.open()) {
          start();
        } else {
          ctx.close();
        }
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof ByteBuf chunk) {
        outgoing().received(chunk);
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      outgoing().readComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (ctx.channel().isWritable()) {
        incoming().pump();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        outgoing().sourceEnded();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      outgoing().sourceEnded();
      incoming().destinationClosed();
      closed();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      LOG.log(TRACE, "connection broke: socket={0} why={1}", ctx.channel(), cause.getMessage());
      ctx.close();
    }

    private Link outgoing() {
      return this == clientSide ? upstream : downstream;
    }

    private Link incoming() {
      return this == clientSide ? downstream : upstream;
    }

    Channel channel() {
      if (channel == null) {
        throw new IllegalStateException("a link runs before its sockets are there");
      }
      return channel;
    }

    boolean open() {
      return channel != null && channel.isOpen();
    }

    boolean active() {
      return channel != null && channel.isActive();
    }

    void resetOnClose() {
      channel().config().setOption(ChannelOption.SO_LINGER, 0);
    }

    void closeWhenSent() {
      // Behind everything written before: a close of its own would drop what the socket has not
      // taken.
      channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    void close() {
      if (channel != null) {
        channel.close();
      }
    }
  }
}
