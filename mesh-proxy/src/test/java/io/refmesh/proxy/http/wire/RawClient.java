package io.refmesh.proxy.http.wire;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One end of an HTTP/1 connection that writes bytes as the test spells them and reads responses or
 * requests strictly.
 */
public final class RawClient implements AutoCloseable {

  private final Socket socket;
  private final InputStream input;

  public RawClient(int port) throws IOException {
    this(new Socket("127.0.0.1", port));
  }

  public RawClient(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(10_000);
    socket.setTcpNoDelay(true);
    this.input = new BufferedInputStream(socket.getInputStream());
  }

  public Socket socket() {
    return socket;
  }

  public RawClient send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  public RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return this;
  }

  /**
   * One message as it was on the wire: start line, fields in their order, body without its framing.
   */
  public record Message(String start, List<String> fields, byte[] body, List<String> trailers) {

    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    public @Nullable String field(String name) {
      return fields.stream()
          .filter(f -> f.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":"))
          .map(f -> f.substring(name.length() + 1).trim())
          .findFirst()
          .orElse(null);
    }

    public int status() {
      return Integer.parseInt(start.split(" ", 3)[1]);
    }
  }

  /** Reads one response; {@code toHead} says that it answers HEAD. */
  public Message readResponse(boolean toHead) throws IOException {
    Message head = readHead();
    int status = head.status();
    if (toHead || status < 200 || status == 204 || status == 304) {
      return head;
    }
    return readBody(head, true);
  }

  public Message readResponse() throws IOException {
    return readResponse(false);
  }

  public Message readRequest() throws IOException {
    return readBody(readHead(), false);
  }

  public Message readHead() throws IOException {
    String start = readLine();
    List<String> fields = new ArrayList<>();
    for (String line = readLine(); !line.isEmpty(); line = readLine()) {
      fields.add(line);
    }
    return new Message(start, fields, new byte[0], List.of());
  }

  private Message readBody(Message head, boolean untilClose) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    List<String> trailers = new ArrayList<>();
    String length = head.field("content-length");
    if (head.field("transfer-encoding") != null) {
      while (true) {
        int size = Integer.parseInt(readLine(), 16);
        if (size == 0) {
          break;
        }
        body.writeBytes(readBytes(size));
        if (!readLine().isEmpty()) {
          throw new IOException("a chunk does not end with CRLF");
        }
      }
      for (String line = readLine(); !line.isEmpty(); line = readLine()) {
        trailers.add(line);
      }
    } else if (length != null) {
      body.writeBytes(readBytes(Integer.parseInt(length)));
    } else if (untilClose) {
      body.writeBytes(input.readAllBytes());
    }
    return new Message(head.start(), head.fields(), body.toByteArray(), trailers);
  }

  public byte[] readBytes(int size) throws IOException {
    byte[] bytes = input.readNBytes(size);
    if (bytes.length < size) {
      throw new EOFException(
          "the connection ended after " + bytes.length + " of " + size + " bytes");
    }
    return bytes;
  }

  public String readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = input.read(); ; b = input.read()) {
      if (b < 0) {
        throw new EOFException("the connection ended in a line: " + line);
      }
      if (b == '\r') {
        if (input.read() != '\n') {
          throw new IOException("CR without LF after: " + line);
        }
        return line.toString(StandardCharsets.ISO_8859_1);
      }
      line.write(b);
    }
  }

  /** Whether the peer closes its side without sending anything more. */
  public boolean isClosed() throws IOException {
    return input.read() < 0;
  }

  public int read() throws IOException {
    return input.read();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
