package io.refmesh.proxy.capture;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;

/**
 * Proves that the rules work: calls an address that nobody has, and expects the call at the
 * sidecar's outbound port, where it listens itself for as long as it takes. Runs before the
 * sidecar, under another user than the sidecar's.
 */
final class CaptureCheck {

  private static final int PORT = 20_001;

  /**
   * A family of addresses.
   *
   * @param called of the ranges kept for documentation (RFC 5737, RFC 3849): nothing real is ever
   *     called
   * @param loopback where its connections are led to
   */
  private record Family(String name, String called, String loopback) {}

  private static final Family IPV4 = new Family("IPv4", "192.0.2.1", "127.0.0.1");
  private static final Family IPV6 = new Family("IPv6", "2001:db8::1", "::1");

  /** What is true of the connections of this network namespace. */
  sealed interface Finding {

    /**
     * @param families those whose connections are captured; others have no route to anywhere
     */
    record Captured(List<String> families) implements Finding {}

    record NotCaptured(String reason) implements Finding {}

    /** The sidecar's port is taken, as a rule by the sidecar. */
    record Undecided(String reason) implements Finding {}
  }

  private final int outboundPort;
  private final int timeoutMillis;
  private final RandomGenerator random;

  CaptureCheck(int outboundPort, int timeoutMillis, RandomGenerator random) {
    this.outboundPort = outboundPort;
    this.timeoutMillis = timeoutMillis;
    this.random = random;
  }

  /** A family without a route is passed over, as long as there is another. */
  Finding run(boolean ipv6) throws InterruptedException {
    List<String> captured = new ArrayList<>();
    for (Family family : ipv6 ? List.of(IPV4, IPV6) : List.of(IPV4)) {
      if (!hasRoute(family)) {
        continue;
      }
      switch (captured(family)) {
        case Finding.Captured one -> captured.add(family.name());
        case Finding.NotCaptured not -> {
          return not;
        }
        case Finding.Undecided undecided -> {
          return undecided;
        }
      }
    }
    return captured.isEmpty()
        ? new Finding.NotCaptured("there is no route by which a connection could leave")
        : new Finding.Captured(captured);
  }

  private Finding captured(Family family) throws InterruptedException {
    String token = Long.toHexString(random.nextLong());
    String listening = family.loopback() + " port " + outboundPort;
    try (ServerSocket sidecar = new ServerSocket()) {
      sidecar.setReuseAddress(true);
      sidecar.bind(new InetSocketAddress(InetAddress.getByName(family.loopback()), outboundPort));
      sidecar.setSoTimeout(timeoutMillis);
      AtomicReference<String> failure = new AtomicReference<>("");
      CountDownLatch read = new CountDownLatch(1);
      Thread caller =
          // Not a virtual one: its socket is to be in the network namespace of this thread.
          Thread.ofPlatform()
              .start(() -> {
                try {
                  call(family.called(), token, read);
                } catch (IOException e) {
                  failure.set(String.valueOf(e.getMessage()));
                  close(sidecar);
                }
              });
      String call = "a connection to " + family.called() + " was not captured";
      try {
        return accept(sidecar, token)
            ? new Finding.Captured(List.of(family.name()))
            : new Finding.Undecided("something else called " + listening + " meanwhile");
      } catch (SocketTimeoutException e) {
        return new Finding.NotCaptured(call + " within " + timeoutMillis + " ms");
      } catch (IOException e) {
        return new Finding.NotCaptured(
            call + ": " + (failure.get().isEmpty() ? e.getMessage() : failure.get()));
      } finally {
        read.countDown();
        caller.interrupt();
        caller.join();
      }
    } catch (IOException e) {
      return new Finding.Undecided(
          listening + " is taken, as a rule by the sidecar (" + e.getMessage() + ")");
    }
  }

  /** Asks the kernel without sending anything. */
  private static boolean hasRoute(Family family) {
    try (DatagramChannel channel = DatagramChannel.open()) {
      channel.connect(new InetSocketAddress(InetAddress.getByName(family.called()), PORT));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private void call(String address, String token, CountDownLatch read) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getByName(address), PORT), timeoutMillis);
      socket.getOutputStream().write(token.getBytes(StandardCharsets.US_ASCII));
      read.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean accept(ServerSocket sidecar, String token) throws IOException {
    try (Socket accepted = sidecar.accept()) {
      accepted.setSoTimeout(timeoutMillis);
      byte[] bytes = accepted.getInputStream().readNBytes(token.length());
      return new String(bytes, StandardCharsets.US_ASCII).equals(token);
    }
  }

  private static void close(ServerSocket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is closed in any case.
    }
  }
}
