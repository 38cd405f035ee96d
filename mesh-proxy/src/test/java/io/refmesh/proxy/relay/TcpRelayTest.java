package io.refmesh.proxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.refmesh.proxy.accept.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Caller, one relay or (framed) two in a row, and a server; all on loopback. */
class TcpRelayTest {

  private static final int LARGE = 20_000_000;

  private final EventLoopGroup loops = Transport.best().loops(1, "relay-test");
  private final BlockingQueue<String> closed = new LinkedBlockingQueue<>();
  private ServerSocket server;
  private InetSocketAddress entry = InetSocketAddress.createUnresolved("nowhere", 0);

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    server.setSoTimeout(5000);
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @ParameterizedTest
  @EnumSource(TcpRelay.Wire.class)
  void carriesBytesBothWaysAndEachEndByItself(TcpRelay.Wire wire) throws Exception {
    relay(wire);
    try (Socket caller = dial();
        Socket callee = server.accept()) {
      caller.getOutputStream().write("question".getBytes());
      caller.shutdownOutput();
      assertThat(callee.getInputStream().readAllBytes()).asString().isEqualTo("question");
      callee.getOutputStream().write("answer after the end".getBytes());
      callee.close();
      assertThat(caller.getInputStream().readAllBytes())
          .asString()
          .isEqualTo("answer after the end");
    }
    assertThat(closed.poll(5, TimeUnit.SECONDS)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(TcpRelay.Wire.class)
  void letsTheServerSpeakFirst(TcpRelay.Wire wire) throws Exception {
    relay(wire);
    try (Socket caller = dial();
        Socket callee = server.accept()) {
      callee.getOutputStream().write('!');
      assertThat(caller.getInputStream().read()).isEqualTo('!');
    }
  }

  @ParameterizedTest
  @EnumSource(TcpRelay.Wire.class)
  void losesNoByteWhenTheReaderIsSlow(TcpRelay.Wire wire) throws Exception {
    relay(wire);
    try (Socket caller = dial();
        Socket callee = server.accept()) {
      CompletableFuture<Void> sent =
          CompletableFuture.runAsync(() -> {
            try {
              OutputStream out = caller.getOutputStream();
              out.write(pattern());
              caller.shutdownOutput();
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
      InputStream in = callee.getInputStream();
      byte[] first = in.readNBytes(1000);
      // Everything between is full now: the sender waits.
      assertThatThrownBy(() -> sent.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(java.util.concurrent.TimeoutException.class);
      byte[] rest = in.readAllBytes();
      sent.get(5, TimeUnit.SECONDS);
      assertThat(first.length + rest.length).isEqualTo(LARGE);
      byte[] expected = pattern();
      assertThat(first).isEqualTo(java.util.Arrays.copyOf(expected, 1000));
      assertThat(java.util.Arrays.equals(rest, 0, rest.length, expected, 1000, LARGE)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(TcpRelay.Wire.class)
  void passesAResetOfTheServerOn(TcpRelay.Wire wire) throws Exception {
    relay(wire);
    try (Socket caller = dial()) {
      Socket callee = server.accept();
      caller.getOutputStream().write(1);
      assertThat(callee.getInputStream().read()).isEqualTo(1);
      callee.setSoLinger(true, 0);
      callee.close();
      caller.setSoTimeout(5000);
      assertThatThrownBy(() -> caller.getInputStream().read())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("reset");
    }
    assertThat(closed.poll(5, TimeUnit.SECONDS)).isNotEmpty();
  }

  @ParameterizedTest
  @EnumSource(TcpRelay.Wire.class)
  void passesAResetOfTheCallerOn(TcpRelay.Wire wire) throws Exception {
    relay(wire);
    try (Socket caller = dial();
        Socket callee = server.accept()) {
      caller.getOutputStream().write(1);
      assertThat(callee.getInputStream().read()).isEqualTo(1);
      caller.setSoLinger(true, 0);
      caller.close();
      callee.setSoTimeout(5000);
      assertThatThrownBy(() -> callee.getInputStream().read())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("reset");
    }
  }

  @ParameterizedTest
  @EnumSource(TcpRelay.Wire.class)
  void deliversAllWhenTheSenderIsGoneAlready(TcpRelay.Wire wire) throws Exception {
    relay(wire);
    try (Socket caller = dial()) {
      Socket callee = server.accept();
      caller.shutdownOutput();
      assertThat(callee.getInputStream().read()).isEqualTo(-1);
      CompletableFuture.runAsync(() -> {
        try (callee) {
          callee.getOutputStream().write(pattern());
        } catch (IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
      });
      InputStream in = caller.getInputStream();
      byte[] first = in.readNBytes(1000);
      Thread.onSpinWait();
      byte[] rest = in.readAllBytes();
      assertThat(first.length + rest.length).isEqualTo(LARGE);
    }
  }

  @ParameterizedTest
  @EnumSource(TcpRelay.Wire.class)
  void resetsTheCallerWhenNobodyListens(TcpRelay.Wire wire) throws Exception {
    server.close();
    relay(wire);
    try (Socket caller = dial()) {
      caller.setSoTimeout(5000);
      assertThatThrownBy(() -> caller.getInputStream().read()).isInstanceOf(IOException.class);
    }
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  /** Plain: caller, relay, server. Framed: caller, relay, frames, relay, server. */
  private void relay(TcpRelay.Wire wire) {
    InetSocketAddress target = (InetSocketAddress) server.getLocalSocketAddress();
    entry =
        switch (wire) {
          case PLAIN -> relayTo(target, TcpRelay.Wire.PLAIN, TcpRelay.Wire.PLAIN);
          case FRAMED ->
              relayTo(
                  relayTo(target, TcpRelay.Wire.FRAMED, TcpRelay.Wire.PLAIN),
                  TcpRelay.Wire.PLAIN,
                  TcpRelay.Wire.FRAMED);
        };
  }

  private InetSocketAddress relayTo(
      InetSocketAddress target, TcpRelay.Wire from, TcpRelay.Wire to) {
    Channel listener =
        new ServerBootstrap()
            .group(loops)
            .channelFactory(Transport.best().listeners())
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    TcpRelay relay = TcpRelay.begin(channel, from, closed::add);
                    new Bootstrap()
                        .group(channel.eventLoop())
                        .channelFactory(Transport.best().connections())
                        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                        .handler(new ChannelInboundHandlerAdapter())
                        .connect(target)
                        .addListener((io.netty.channel.ChannelFuture connected) -> {
                          if (connected.isSuccess()) {
                            relay.join(connected.channel(), to);
                          } else {
                            relay.cut("connect-failed");
                          }
                        });
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
    return (InetSocketAddress) listener.localAddress();
  }

  private Socket dial() throws IOException {
    Socket socket = new Socket(entry.getAddress(), entry.getPort());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private static byte[] pattern() {
    byte[] bytes = new byte[LARGE];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i ^ i >> 8 ^ i >> 16);
    }
    return bytes;
  }
}
