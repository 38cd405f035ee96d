package io.refmesh.proxy.simulation;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An application that makes one connection after the other and speaks on it what no proxy knows:
 * four bytes with the number of the call, its bytes, and often the end of its direction; back come
 * the bytes of the answer and an end.
 */
public final class OpaqueClient implements Client {

  private static final int PART_BYTES = 20_000;

  /** Longer nobody waits for an answer. */
  private static final int PATIENCE_MILLIS = 1500;

  private final SimulatedTransport transport;
  private final EventLoop loop;
  private final InetSocketAddress service;
  private final Script script;
  private @Nullable Connection under;
  private boolean stopped;

  public OpaqueClient(
      SimulatedTransport transport, EventLoop loop, InetSocketAddress service, Script script) {
    this.transport = transport;
    this.loop = loop;
    this.service = service;
    this.script = script;
  }

  @Override
  public void start() {
    later(script.draw(script.thinkMillis()), this::nextCall);
  }

  @Override
  public void stop() {
    stopped = true;
    if (under != null) {
      under.leave(false);
    }
  }

  private void nextCall() {
    if (stopped) {
      return;
    }
    Call next = script.nextOpaque();
    if (next == null) {
      later(script.thinkMillis(), this::nextCall);
      return;
    }
    Connection connection = new Connection(next);
    under = connection;
    new Bootstrap()
        .group(loop)
        .channelFactory(transport.connections())
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 1000)
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .handler(connection)
        .connect(service)
        .addListener((ChannelFuture made) -> {
          if (!made.isSuccess()) {
            connection.ended(Call.Ending.BROKEN);
          }
        });
    later(PATIENCE_MILLIS, () -> connection.leave(true));
  }

  private void later(int millis, Runnable task) {
    loop.schedule(task, millis, TimeUnit.MILLISECONDS);
  }

  private final class Connection extends SimpleChannelInboundHandler<ByteBuf> {

    private final Call call;
    private @Nullable Channel channel;
    private boolean reset;

    Connection(Call call) {
      this.call = call;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      Channel to = context.channel();
      channel = to;
      Script.Habit habit = script.habit();
      boolean halfCloses = script.draw(3) > 0;
      script.note("connects", call.number, call.requestBytes, habit);
      to.write(Unpooled.copyInt(call.number));
      switch (habit) {
        case PATIENT -> body(to, 0, 0, halfCloses);
        case SEND_SLOWLY -> body(to, 0, 1 + script.draw(30), halfCloses);
        case READ_SLOWLY -> {
          body(to, 0, 0, halfCloses);
          to.config().setAutoRead(false);
          later(50 + script.draw(300), () -> to.config().setAutoRead(true));
        }
        case CANCEL -> {
          body(to, 0, 0, halfCloses);
          later(script.draw(60), () -> leave(script.draw(2) == 0));
        }
        case LEAVE_IN_BODY -> {
          to.writeAndFlush(call.request(0, call.requestBytes / 2));
          later(script.draw(30), () -> leave(script.draw(2) == 0));
        }
      }
    }

    private void body(Channel to, int from, int pauseMillis, boolean halfCloses) {
      if (!to.isActive()) {
        return;
      }
      int most = pauseMillis == 0 ? call.requestBytes : PART_BYTES;
      int until = Math.min(call.requestBytes, from + most);
      ChannelFuture written = to.writeAndFlush(call.request(from, until));
      if (until < call.requestBytes) {
        later(pauseMillis, () -> body(to, until, pauseMillis, halfCloses));
      } else if (halfCloses) {
        written.addListener(done -> {
          if (done.isSuccess()) {
            ((DuplexChannel) to).shutdownOutput();
          }
        });
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
      if (!call.isAnswer(bytes, call.answerSeen)) {
        script.problem("bytes that nobody sent", call, call.answerSeen);
      }
      call.answerSeen += bytes.readableBytes();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        boolean whole = call.answerSeen == call.answerBytes;
        if (!whole && !call.cutByApplication && call.ending == Call.Ending.UNDER_WAY) {
          script.problem("a cut connection that ends cleanly", call, call.answerSeen);
        }
        ended(whole ? Call.Ending.COMPLETE : Call.Ending.BROKEN);
        // Whoever answers early may not have had all of the question.
        call.cutByCaller = true;
        context.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      reset = true;
      context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (!reset && call.ending == Call.Ending.UNDER_WAY) {
        script.problem("a connection that is gone without end or reset", call);
      }
      ended(Call.Ending.BROKEN);
    }

    /** A clean end before everything is sent is one for the application too. */
    void leave(boolean resetting) {
      if (call.ending != Call.Ending.UNDER_WAY) {
        return;
      }
      script.note("leaves", call.number);
      call.cutByCaller = !resetting;
      ended(Call.Ending.CANCELLED);
      if (channel != null) {
        if (resetting) {
          channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        channel.close();
      }
    }

    void ended(Call.Ending how) {
      if (call.ending == Call.Ending.UNDER_WAY) {
        call.ending = how;
        call.endedNanos = transport.network().time().nanos();
        under = null;
        script.note("has", call);
        if (!stopped) {
          later(1 + script.draw(script.thinkMillis()), OpaqueClient.this::nextCall);
        }
      }
    }
  }
}
