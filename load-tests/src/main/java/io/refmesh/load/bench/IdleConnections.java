package io.refmesh.load.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLContext;

/**
 * Connections that each had one request answered and say nothing from then on: half of them to A in
 * clear, as an application holds them, half to B with a certificate, as other sidecars do.
 */
final class IdleConnections implements AutoCloseable {

  private static final int PATIENCE_MILLIS = 10_000;
  private static final byte[] REQUEST =
      "GET /small HTTP/1.1\r\nHost: app.bench.local\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final String LENGTH = "content-length: ";

  private final List<Socket> open = new ArrayList<>();

  private IdleConnections() {}

  /** Opens {@code each} to either side; fails when one of them has no answer. */
  static IdleConnections open(Pair pair, int each, Certificates certificates) throws IOException {
    SSLContext tls = Handshakes.context(certificates.folder());
    IdleConnections connections = new IdleConnections();
    try {
      for (int i = 0; i < each; i++) {
        Socket plain = new Socket();
        connections.open.add(plain);
        plain.connect(new InetSocketAddress("127.0.0.1", pair.portA()), PATIENCE_MILLIS);
        ask(plain);
        connections.open.add(Handshakes.connect(tls, pair.portB()));
        ask(connections.open.getLast());
      }
      return connections;
    } catch (IOException e) {
      int made = connections.open.size();
      connections.close();
      throw new IOException("after " + made + " idle connections: " + e.getMessage(), e);
    }
  }

  /** How many the other side has not closed. */
  int held() throws IOException {
    int held = 0;
    for (Socket socket : open) {
      socket.setSoTimeout(1);
      try {
        held += socket.getInputStream().read() >= 0 ? 1 : 0;
      } catch (SocketTimeoutException e) {
        held++;
      } catch (IOException e) {
        // It was reset.
      }
    }
    return held;
  }

  private static void ask(Socket socket) throws IOException {
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.getOutputStream().write(REQUEST);
    InputStream in = socket.getInputStream();
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int read = in.read();
      if (read < 0) {
        throw new IOException("closed before the end of its answer's head");
      }
      head.append((char) read);
    }
    String text = head.toString().toLowerCase(Locale.ROOT);
    int length = text.indexOf(LENGTH);
    if (!text.startsWith("http/1.1 200") || length < 0) {
      throw new IOException("answered " + text.lines().findFirst().orElse(""));
    }
    int from = length + LENGTH.length();
    in.readNBytes(Integer.parseInt(text.substring(from, text.indexOf('\r', from)).strip()));
  }

  @Override
  public void close() {
    for (Socket socket : open) {
      try {
        socket.close();
      } catch (IOException e) {
        // Gone already.
      }
    }
  }
}
