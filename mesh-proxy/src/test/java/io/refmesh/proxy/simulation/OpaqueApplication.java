package io.refmesh.proxy.simulation;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The other end of {@link OpaqueClient}: answers, or does not, as the script says. */
public final class OpaqueApplication {

  private static final int PART_BYTES = 30_000;

  private final int replica;
  private final EventLoop loop;
  private final Script script;
  private final SimulatedTime time;

  public OpaqueApplication(
      int replica,
      SimulatedTransport transport,
      EventLoop loop,
      InetSocketAddress address,
      Script script) {
    this.replica = replica;
    this.loop = loop;
    this.script = script;
    this.time = transport.network().time();
    new ServerBootstrap()
        .group(loop)
        .channelFactory(transport.listeners())
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new Connection());
              }
            })
        .bind(address);
  }

  private final class Connection extends ByteToMessageDecoder {

    private @Nullable Call call;
    private Script.Deed deed = Script.Deed.ANSWER;
    private long seen;
    private boolean answering;
    private boolean answered;
    private boolean inputEnded;

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf bytes, List<Object> out) {
      if (call == null) {
        if (bytes.readableBytes() < 4) {
          return;
        }
        int number = bytes.readInt();
        Call sent = script.ofOpaque(number);
        if (sent == null) {
          script.problem("bytes that nobody sent reach the application", number);
          return;
        }
        call = sent;
        arrived(context, sent);
      }
      if (!call.isRequest(bytes, seen)) {
        script.problem("bytes that nobody sent reach the application", call, seen);
      }
      seen += bytes.readableBytes();
      bytes.skipBytes(bytes.readableBytes());
      whole(context, call);
    }

    private void arrived(ChannelHandlerContext context, Call sent) {
      deed = script.deed(replica);
      script.note("arrives", sent.number, "at", replica, deed);
      sent.arrivals.add(new Call.Arrival(replica, 1, time.nanos()));
      if (sent.arrivals.size() > 1) {
        script.problem("a connection twice", sent);
      }
      switch (deed) {
        case RESET_AT_ONCE -> reset(context);
        // Not for ever: whoever has half closed cannot see that nobody is there.
        case HANG -> later(1000 + script.draw(1000), () -> reset(context));
        case ANSWER_EARLY -> answer(context, sent);
        case READ_SLOWLY -> {
          context.channel().config().setAutoRead(false);
          later(100 + script.draw(400), () -> context.channel().config().setAutoRead(true));
        }
        default -> {}
      }
    }

    private void whole(ChannelHandlerContext context, Call sent) {
      if (seen < sent.requestBytes || answering) {
        return;
      }
      switch (deed) {
        case ANSWER, READ_SLOWLY, REFUSE_STREAM, GO_AWAY, ANSWER_AND_CLOSE -> {
          answering = true;
          later(script.draw(4), () -> answer(context, sent));
        }
        case ANSWER_LATE -> {
          answering = true;
          later(30 + script.draw(700), () -> answer(context, sent));
        }
        case RESET_IN_ANSWER, END_IN_ANSWER, ANSWER_IN_PARTS -> answer(context, sent);
        case FAIL, RESET_AFTER_BODY -> reset(context);
        case HANG, RESET_AT_ONCE, ANSWER_EARLY -> {}
      }
    }

    private void answer(ChannelHandlerContext context, Call sent) {
      answering = true;
      if (!context.channel().isActive()) {
        return;
      }
      switch (deed) {
        case RESET_IN_ANSWER -> {
          context.writeAndFlush(sent.answer(0, sent.answerBytes / 2));
          later(script.draw(5), () -> reset(context));
        }
        case END_IN_ANSWER -> {
          sent.cutByApplication = true;
          context.write(sent.answer(0, sent.answerBytes / 2));
          end(context);
        }
        case ANSWER_IN_PARTS -> parts(context, sent, 0);
        default -> {
          context.write(sent.answer(0, sent.answerBytes));
          end(context);
        }
      }
    }

    private void parts(ChannelHandlerContext context, Call sent, int from) {
      int until = Math.min(sent.answerBytes, from + PART_BYTES);
      context.writeAndFlush(sent.answer(from, until));
      if (until == sent.answerBytes) {
        end(context);
      } else {
        later(1 + script.draw(40), () -> parts(context, sent, until));
      }
    }

    /** Ends its direction, and the connection when the other has ended. */
    private void end(ChannelHandlerContext context) {
      context
          .writeAndFlush(Unpooled.EMPTY_BUFFER)
          .addListener(
              (ChannelFutureListener)
                  written -> {
                    answered = true;
                    if (inputEnded) {
                      context.close();
                    } else if (written.isSuccess()) {
                      ((SimulatedChannel) context.channel()).shutdownOutput();
                    }
                  });
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        inputEnded = true;
        Call sent = call;
        if (sent != null && seen != sent.requestBytes && !sent.cutByCaller) {
          script.problem("a cut connection that ends cleanly at the application", sent, seen);
        }
        if (answered || sent == null || seen != sent.requestBytes) {
          context.close();
        }
      }
    }

    private void reset(ChannelHandlerContext context) {
      context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
      context.close();
    }

    private void later(int millis, Runnable task) {
      loop.schedule(task, millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
