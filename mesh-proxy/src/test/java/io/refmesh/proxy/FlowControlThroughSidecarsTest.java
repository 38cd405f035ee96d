package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.RawHttp2;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Windows from the reader to the sender and back: a reader that stops holds back its own sender and
 * nobody else.
 */
class FlowControlThroughSidecarsTest {

  /** Far more than fit into the four mebibytes that a connection's window begins with. */
  private static final int STALLED = 40;

  private static final int BODY_BYTES = 1 << 20;
  private static final int FRAME_BYTES = 16_384;

  private final TestMesh mesh = new TestMesh();
  private final AtomicLong sent = new AtomicLong();
  private final AtomicInteger streams = new AtomicInteger();
  private final ServerSocket server = listen();
  private final TestMesh.Sidecar cart =
      mesh.of(
              "cart",
              new HostPort(server.getInetAddress().getHostAddress(), server.getLocalPort()),
              AppProtocol.H2C)
          .start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();
  private final HostPort listener =
      web.calls(
          TestMesh.destination(
              cart.service(), AppProtocol.H2C, Timeouts.NONE, null, List.of(cart.endpoint())));

  @AfterEach
  void close() throws IOException {
    mesh.close();
    server.close();
  }

  @Test
  void downloadsThatNobodyReadsHoldUpNoOther() throws Exception {
    try (RawHttp2 slow = RawHttp2.dial(listener);
        RawHttp2 quick = RawHttp2.dial(listener)) {
      // Its windows stay as they begin, 65,535 bytes for all its streams.
      for (int i = 0; i < STALLED; i++) {
        slow.send(RawHttp2.get(2 * i + 1));
      }
      Eventually.holds(() -> streams.get() == STALLED);

      quick.send(RawHttp2.get(1));
      int read = 0;
      RawHttp2.Frame frame = quick.read();
      while (!frame.ends()) {
        if (frame.type() == Http2FrameTypes.DATA) {
          read += frame.payload().length;
          quick.send(RawHttp2.credit(1, frame.payload().length));
        }
        frame = quick.read();
      }
      read += frame.payload().length;
      assertThat(read).isEqualTo(BODY_BYTES);

      // What nobody reads stays at its sender but for what the windows on the way hold.
      assertThat(sent.get() - BODY_BYTES).isLessThan(STALLED * 640L * 1024);
    }
  }

  private static ServerSocket listen() {
    try {
      return new ServerSocket(0, 50, InetAddress.getByName(TestMesh.address()));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  {
    Thread.startVirtualThread(() -> {
      try {
        while (true) {
          RawHttp2 peer = RawHttp2.accepted(server.accept());
          Thread.startVirtualThread(() -> serve(peer));
        }
      } catch (IOException e) {
        // Closed at the end of the test.
      }
    });
  }

  /** Answers each head with a mebibyte, as the windows of the caller allow. */
  private void serve(RawHttp2 peer) {
    long[] windows = new long[1 << 16];
    int[] left = new int[1 << 16];
    long first = 65_535;
    windows[0] = 65_535;
    try {
      while (true) {
        RawHttp2.Frame frame = peer.read();
        int stream = frame.stream();
        switch (frame.type()) {
          case Http2FrameTypes.SETTINGS -> {
            for (int at = 0; at + 6 <= frame.payload().length; at += 6) {
              if (frame.payload()[at + 1] == 4) {
                first = frame.number(at + 2);
              }
            }
          }
          case Http2FrameTypes.WINDOW_UPDATE -> windows[stream] += frame.number(0);
          case Http2FrameTypes.HEADERS -> {
            streams.incrementAndGet();
            windows[stream] += first;
            left[stream] = BODY_BYTES;
            peer.send(RawHttp2.ok(stream, false));
          }
          case Http2FrameTypes.RST_STREAM -> left[stream] = 0;
          default -> {
            // Nothing that this server cares for.
          }
        }
        for (int id = 1; id < 200; id += 2) {
          while (left[id] > 0 && windows[id] > 0 && windows[0] > 0) {
            int bytes =
                (int) Math.min(Math.min(left[id], FRAME_BYTES), Math.min(windows[id], windows[0]));
            left[id] -= bytes;
            windows[id] -= bytes;
            windows[0] -= bytes;
            sent.addAndGet(bytes);
            int flags = left[id] == 0 ? Http2Flags.END_STREAM : (short) 0;
            peer.send(RawHttp2.frame(Http2FrameTypes.DATA, flags, id, new byte[bytes]));
          }
        }
      }
    } catch (EOFException | SocketException e) {
      // The sidecar is gone.
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
