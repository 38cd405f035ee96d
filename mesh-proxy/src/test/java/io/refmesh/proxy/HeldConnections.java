package io.refmesh.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.refmesh.model.discovery.HostPort;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Connections to one address that each had one request answered and then say nothing. */
final class HeldConnections implements AutoCloseable {

  private static final int AT_ONCE = 32;
  private static final long OPEN_WITHIN_SECONDS = 300;
  private static final byte[] REQUEST =
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final AtomicInteger open = new AtomicInteger();
  private final Semaphore free = new Semaphore(AT_ONCE);
  private final HostPort address;
  private final SslContext tls;

  HeldConnections(HostPort address, SslContext tls) {
    this.address = address;
    this.tls = tls;
  }

  /** Opens more, a few at once; returns when each has its answer. */
  void open(int more) throws InterruptedException {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(tls.newHandler(channel.alloc()), new Asks());
                  }
                });
    for (int i = 0; i < more; i++) {
      take(1);
      bootstrap
          .connect(address.toSocketAddress())
          .addListener(connected -> {
            if (!connected.isSuccess()) {
              free.release();
            }
          });
    }
    take(AT_ONCE);
    free.release(AT_ONCE);
  }

  private void take(int places) throws InterruptedException {
    if (!free.tryAcquire(places, OPEN_WITHIN_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("only " + open + " connections had an answer in time");
    }
  }

  /** How many have had their answer and are open. */
  int held() {
    return open.get();
  }

  @Override
  public void close() {
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private final class Asks extends SimpleChannelInboundHandler<ByteBuf> {

    private boolean answered;

    @Override
    public void channelActive(ChannelHandlerContext context) {
      context.writeAndFlush(Unpooled.wrappedBuffer(REQUEST));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
      if (!answered && bytes.toString(StandardCharsets.US_ASCII).startsWith("HTTP/1.1 200")) {
        answered = true;
        open.incrementAndGet();
        free.release();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (answered) {
        open.decrementAndGet();
      } else {
        free.release();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
