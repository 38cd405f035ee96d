package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.Http2Settings;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.Http2Peer;
import io.refmesh.proxy.http.wire.RawClient.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** WebSocket over HTTP/2 (RFC 8441) from an application, through sidecars, to one of HTTP/1. */
class UpgradesOverHttp2Test {

  private static final String[] WEBSOCKET = {
    ":method", "CONNECT",
    ":protocol", "websocket",
    ":scheme", "http",
    ":path", "/chat",
    ":authority", "cart.shop",
    "sec-websocket-version", "13"
  };

  private final TestMesh mesh = new TestMesh();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final RawApplication application = new RawApplication();
  private final TestMesh.Sidecar cart =
      mesh.of("cart", application.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();

  @AfterEach
  void close() {
    mesh.close();
    application.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void saysThatItTakesExtendedConnect() {
    Http2Peer client = dial();
    Eventually.holds(() -> client.saw("SETTINGS"));
    assertThat(client.frames).anyMatch(frame -> frame.contains("ENABLE_CONNECT_PROTOCOL=1"));
  }

  @Test
  void isBridgedToAnApplicationOfHttp1() {
    application.behave((connection, request) -> {
      connection.send(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              + "Sec-WebSocket-Accept: "
              + accept(request)
              + "\r\n\r\n");
      String got = new String(connection.readBytes(5), StandardCharsets.UTF_8);
      connection.send("you said " + got);
      if (connection.read() < 0) {
        connection.socket().close();
      }
    });
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, WEBSOCKET));
    Eventually.holds(() -> client.saw("HEADERS 1 :status=200"));
    on(client, () -> client.data(1, "hello", false));
    Eventually.holds(() -> client.saw("DATA 1 14 bytes"));
    on(client, () -> client.data(1, "", true));
    Eventually.holds(() -> client.saw("DATA 1 0 bytes end"));

    assertThat(client.data.toString(StandardCharsets.UTF_8)).isEqualTo("you said hello");
    assertThat(client.frames)
        .noneMatch(frame -> frame.contains("sec-websocket-accept") || frame.contains("x-mesh-"));
    Message seen = application.request(0);
    assertThat(seen.start()).isEqualTo("GET /chat HTTP/1.1");
    assertThat(seen.field("upgrade")).isEqualTo("websocket");
    assertThat(seen.field("sec-websocket-version")).isEqualTo("13");
    assertThat(seen.field("host")).isEqualTo("cart.shop");
  }

  @Test
  void aServerThatDoesNotSwitchIsNoConsent() {
    application.answers("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain");
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, WEBSOCKET));
    Eventually.holds(() -> client.saw("HEADERS 1"));
    assertThat(client.frames)
        .anyMatch(
            frame -> frame.startsWith("HEADERS 1 :status=502") && frame.contains("upstream-reset"));
    // An answer that refuses is passed on as it is.
    application.answers("HTTP/1.1 404 None\r\ncontent-length: 0\r\n\r\n");
    on(client, () -> client.headers(3, false, WEBSOCKET));
    Eventually.holds(() -> client.saw("HEADERS 3 :status=404"));
  }

  @Test
  void aWrongAnswerToTheKeyIsRefused() {
    application.answers(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Accept: nonsense\r\n\r\n");
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, WEBSOCKET));
    Eventually.holds(() -> client.saw("HEADERS 1 :status=502"));
  }

  @Test
  void connectOpensATunnel() throws IOException {
    application.behave((connection, request) -> {
      connection.send("HTTP/1.1 200 OK\r\n\r\n");
      connection.send("got " + new String(connection.readBytes(4), StandardCharsets.UTF_8));
      connection.socket().close();
    });
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, ":method", "CONNECT", ":authority", "db:5432"));
    Eventually.holds(() -> client.saw("HEADERS 1 :status=200"));
    on(client, () -> client.data(1, "ping", false));
    Eventually.holds(() -> client.saw("DATA 1 8 bytes"));
    assertThat(application.request(0).start()).isEqualTo("CONNECT db:5432 HTTP/1.1");
  }

  /** RFC 6455 §4.2.2. */
  private static String accept(Message request) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1")
              .digest(
                  (request.field("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                      .getBytes(StandardCharsets.US_ASCII));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private Http2Peer dial() {
    HostPort listener =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
    Http2Peer client = new Http2Peer(true, new Http2Settings().initialWindowSize(4 << 20));
    new Bootstrap()
        .group(loops)
        .channel(NioSocketChannel.class)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(client);
              }
            })
        .connect(listener.toSocketAddress())
        .syncUninterruptibly();
    return client;
  }

  private static void on(Http2Peer peer, Runnable task) {
    peer.channel().eventLoop().submit(task).syncUninterruptibly();
  }
}
