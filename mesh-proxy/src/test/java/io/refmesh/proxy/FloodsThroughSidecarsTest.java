package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.RawHttp2;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Peers that send frames which cost work and mean nothing: their connection ends with
 * ENHANCE_YOUR_CALM and is counted by kind, and what others have under way goes on.
 */
class FloodsThroughSidecarsTest {

  /** More than any limit of a test mesh. */
  private static final int FRAMES = 2_500;

  /** What one piece of a flood looks like, from a caller that numbers its streams. */
  enum Flood {
    RESET("reset", i -> RawHttp2.concat(RawHttp2.get(2 * i + 3), reset(2 * i + 3))),
    PROVOKED_RESET(
        "provoked-reset",
        // A head as trailers is malformed.
        i -> RawHttp2.concat(RawHttp2.post(2 * i + 3), RawHttp2.get(2 * i + 3))),
    CONTINUATION(
        "continuation",
        i ->
            i == 0
                ? RawHttp2.frame(Http2FrameTypes.HEADERS, 0, 3, (byte) 0x82)
                : RawHttp2.frame(Http2FrameTypes.CONTINUATION, 0, 3)),
    PING("ping", i -> RawHttp2.frame(Http2FrameTypes.PING, 0, 0, new byte[8])),
    SETTINGS("settings", i -> RawHttp2.frame(Http2FrameTypes.SETTINGS, 0, 0)),
    EMPTY_DATA(
        "empty-data", i -> i == 0 ? RawHttp2.post(3) : RawHttp2.frame(Http2FrameTypes.DATA, 0, 3)),
    PADDED_DATA(
        "empty-data",
        i ->
            i == 0
                ? RawHttp2.post(3)
                : RawHttp2.frame(
                    Http2FrameTypes.DATA, Http2Flags.PADDED, 3, new byte[] {3, 0, 0, 0})),
    WINDOW_UPDATE(
        "window-update",
        i -> RawHttp2.frame(Http2FrameTypes.WINDOW_UPDATE, 0, 0, new byte[] {0, 0, 0, 1})),
    PRIORITY(
        "priority",
        i -> RawHttp2.frame(Http2FrameTypes.PRIORITY, 0, 3, new byte[] {0, 0, 0, 0, 9})),
    UNKNOWN("other", i -> RawHttp2.frame(0xbe, 0, 0));

    final String kind;
    final IntFunction<byte[]> piece;

    Flood(String kind, IntFunction<byte[]> piece) {
      this.kind = kind;
      this.piece = piece;
    }

    byte[] whole() {
      byte[][] pieces = new byte[FRAMES][];
      for (int i = 0; i < FRAMES; i++) {
        pieces[i] = piece.apply(i);
      }
      return RawHttp2.concat(pieces);
    }

    private static byte[] reset(int stream) {
      return RawHttp2.frame(Http2FrameTypes.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
    }
  }

  private final TestMesh mesh = new TestMesh();
  private final Http2Application application = new Http2Application();
  private final TestMesh.Sidecar cart =
      mesh.of("cart", application.address(), AppProtocol.H2C).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();
  private final HostPort listener =
      web.calls(
          TestMesh.destination(
              cart.service(), AppProtocol.H2C, Timeouts.NONE, null, List.of(cart.endpoint())));

  @AfterEach
  void close() {
    mesh.close();
    application.close();
  }

  @ParameterizedTest
  @EnumSource(Flood.class)
  void anApplicationThatFloodsIsCutAndOthersGoOn(Flood flood) throws Exception {
    others(listener, () -> cutsOff(listener, flood));
    assertThat(web.count("http2_floods_total", "outbound", "src", '"' + flood.kind + '"')).isOne();
  }

  @ParameterizedTest
  @EnumSource(Flood.class)
  void aCallerWithoutSidecarThatFloodsIsCutAndOthersGoOn(Flood flood) throws Exception {
    others(listener, () -> cutsOff(cart.endpoint().address(), flood));
    assertThat(cart.count("http2_floods_total", "inbound", "src", '"' + flood.kind + '"')).isOne();
  }

  @ParameterizedTest
  @EnumSource(
      value = Flood.class,
      names = {"PING", "SETTINGS", "WINDOW_UPDATE", "PRIORITY", "EMPTY_DATA", "CONTINUATION"})
  void aServerThatFloodsIsCutAndOthersGoOn(Flood flood) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName(TestMesh.address()))) {
      Thread.startVirtualThread(() -> floods(server, flood));
      TestMesh.Sidecar bad =
          mesh.of(
                  "bad",
                  new HostPort(server.getInetAddress().getHostAddress(), server.getLocalPort()),
                  AppProtocol.H2C)
              .start();
      HostPort toBad =
          web.calls(
              TestMesh.destination(
                  bad.service(), AppProtocol.H2C, Timeouts.NONE, null, List.of(bad.endpoint())));
      others(
          listener,
          () -> {
            try (RawHttp2 caller = RawHttp2.dial(toBad)) {
              caller.send(RawHttp2.get(1));
              RawHttp2.Frame frame = caller.read();
              while (!frame.ends() && frame.type() != Http2FrameTypes.RST_STREAM) {
                frame = caller.read();
              }
            }
          });
      assertThat(bad.count("http2_floods_total", "inbound", "dst", '"' + flood.kind + '"')).isOne();
    }
  }

  /** What a test does beside the calls of others. */
  private interface Beside {
    void run() throws IOException;
  }

  /** Calls go on one after the other while the flood runs, none fails, none waits long. */
  private static void others(HostPort to, Beside flood) throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    Thread flooding =
        Thread.startVirtualThread(() -> {
          try {
            flood.run();
          } catch (Throwable e) {
            failures.add(e);
          } finally {
            over.set(true);
          }
        });
    List<Long> nanos = new ArrayList<>();
    try (RawHttp2 caller = RawHttp2.dial(to)) {
      for (int stream = 1; !over.get() || stream < 40; stream += 2) {
        long start = System.nanoTime();
        caller.send(RawHttp2.get(stream));
        RawHttp2.Frame frame = caller.read();
        while (!frame.ends()) {
          assertThat(frame.type()).isNotEqualTo(Http2FrameTypes.RST_STREAM);
          frame = caller.read();
        }
        nanos.add(System.nanoTime() - start);
      }
    }
    flooding.join();
    assertThat(failures).isEmpty();
    Collections.sort(nanos);
    long p99 = nanos.get((int) Math.min(nanos.size() - 1L, nanos.size() * 99L / 100));
    assertThat(TimeUnit.NANOSECONDS.toMillis(p99)).isLessThan(1_000);
  }

  private static void cutsOff(HostPort to, Flood flood) throws IOException {
    try (RawHttp2 peer = RawHttp2.dial(to)) {
      // It goes on sending while it is told to stop, so it has to read at the same time.
      Thread sending =
          Thread.startVirtualThread(() -> {
            try {
              peer.send(flood.whole());
            } catch (IOException e) {
              // Cut in the middle, as it should be.
            }
          });
      RawHttp2.Frame goodbye = peer.readUntil(Http2FrameTypes.GO_AWAY);
      assertThat(goodbye.number(4)).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
      if (flood == Flood.PING) {
        // So are the others a second later, which takes a second.
        assertThat(ends(peer)).isTrue();
      }
      sending.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean ends(RawHttp2 peer) throws IOException {
    try {
      while (true) {
        peer.read();
      }
    } catch (java.io.EOFException | SocketException e) {
      return true;
    }
  }

  /** The application: answers the head of its answer with a flood. */
  private static void floods(ServerSocket server, Flood flood) {
    try (Socket socket = server.accept();
        RawHttp2 peer = RawHttp2.accepted(socket)) {
      peer.readUntil(Http2FrameTypes.HEADERS);
      byte[] answer = flood == Flood.CONTINUATION ? new byte[0] : RawHttp2.ok(3, false);
      byte[] whole = flood.whole();
      // What begins as a caller's request would be no answer.
      int skip = flood == Flood.EMPTY_DATA ? RawHttp2.post(3).length : 0;
      peer.send(answer);
      peer.send(java.util.Arrays.copyOfRange(whole, skip, whole.length));
      ends(peer);
    } catch (SocketException e) {
      // Cut in the middle, as it should be.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
