package io.refmesh.toxiproxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Arrays;

/** A client's socket with the few things tests do to it. */
final class Client implements AutoCloseable {
  final Socket socket = new Socket();

  Client(int port) {
    this(port, 0);
  }

  /**
   * A client whose receive buffer is small, so that the other end soon has to wait; 0 leaves it.
   */
  Client(int port, int receiveBufferBytes) {
    try {
      if (receiveBufferBytes > 0) {
        socket.setReceiveBufferSize(receiveBufferBytes);
      }
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(10_000);
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5_000);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Whether anything listens there. */
  static boolean listens(int port) {
    try (Socket probe = new Socket()) {
      probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2_000);
      return true;
    } catch (IOException refused) {
      return false;
    }
  }

  Client send(byte[] data) throws IOException {
    socket.getOutputStream().write(data);
    return this;
  }

  Client send(String text) throws IOException {
    return send(text.getBytes(UTF_8));
  }

  /** Exactly so many bytes as text; fewer if the stream ends before. */
  String read(int bytes) throws IOException {
    return new String(socket.getInputStream().readNBytes(bytes), UTF_8);
  }

  /** Everything until the end of the stream. */
  byte[] readAll() throws IOException {
    return socket.getInputStream().readAllBytes();
  }

  /** How the connection ends once all data is read: "end" or "reset". */
  String ending() throws IOException {
    byte[] buffer = new byte[8192];
    try {
      while (socket.getInputStream().read(buffer) >= 0) {
        // Only the end is of interest.
      }
      return "end";
    } catch (SocketException e) {
      return String.valueOf(e.getMessage()).contains("reset")
          ? "reset"
          : "broken: " + e.getMessage();
    }
  }

  /** Whether nothing arrives within {@code millis}. */
  boolean silentFor(int millis) throws IOException {
    socket.setSoTimeout(millis);
    try {
      int first = socket.getInputStream().read();
      throw new AssertionError(
          "expected silence, got " + (first < 0 ? "the end" : "byte " + first));
    } catch (java.net.SocketTimeoutException nothingCame) {
      return true;
    } finally {
      socket.setSoTimeout(10_000);
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** So many bytes that are not all the same. */
  static byte[] bytes(int count) {
    byte[] data = new byte[count];
    for (int i = 0; i < count; i++) {
      data[i] = (byte) (i * 31 + (i >>> 8) * 7);
    }
    return data;
  }

  static String summary(byte[] data) {
    return data.length + " bytes, hash " + Arrays.hashCode(data);
  }
}
