package io.refmesh.shop;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A TCP connection on which a test writes and reads bytes itself. */
final class RawConnection implements AutoCloseable {
  private final Socket socket;
  private final InputStream in;

  RawConnection(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(10_000);
    in = socket.getInputStream();
  }

  RawConnection say(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  RawConnection get(String path) throws IOException {
    return say("GET " + path + " HTTP/1.1\r\nhost: shop\r\n\r\n");
  }

  /** Up to the terminator, which is part of it. */
  String until(String terminator) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.indexOf(terminator) < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("closed after: " + text);
      }
      text.append((char) next);
    }
    return text.toString();
  }

  String line() throws IOException {
    return until("\n").stripTrailing();
  }

  String head() throws IOException {
    return until("\r\n\r\n");
  }

  byte[] bytes(int count) throws IOException {
    return in.readNBytes(count);
  }

  /** All up to a clean close; a reset throws. */
  byte[] rest() throws IOException {
    ByteArrayOutputStream rest = new ByteArrayOutputStream();
    in.transferTo(rest);
    return rest.toByteArray();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
