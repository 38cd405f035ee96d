package io.refmesh.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP/1.1 server on a loopback socket that misbehaves as the path of a request says. */
final class ScriptedServer implements AutoCloseable {

  private final ServerSocket listener;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();
  private final List<String> requests = new CopyOnWriteArrayList<>();

  ScriptedServer() throws IOException {
    this(new ServerSocket(0, 200, InetAddress.getLoopbackAddress()));
  }

  ScriptedServer(ServerSocket listener) {
    this.listener = listener;
    Thread.ofVirtual().start(this::acceptUntilClosed);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Connections taken so far. */
  int accepted() {
    return accepted.get();
  }

  /** Heads of the requests so far, in lower case. */
  List<String> requests() {
    return requests;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }

  private void acceptUntilClosed() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        accepted.incrementAndGet();
        open.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException closed) {
        // Closed by the test, or a handshake failed at once; the loop's condition decides.
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      OutputStream out = socket.getOutputStream();
      while (true) {
        StringBuilder head = new StringBuilder();
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
          head.append(line.toLowerCase(Locale.ROOT)).append('\n');
        }
        if (head.isEmpty()) {
          return;
        }
        int length = head.indexOf("content-length: ");
        if (length >= 0) {
          in.skip(Long.parseLong(head.substring(length + 16, head.indexOf("\n", length)).strip()));
        }
        requests.add(head.toString());
        if (!answer(head.toString().split(" ", 3)[1], socket, out)) {
          return;
        }
      }
    } catch (IOException gone) {
      // The client has left.
    } finally {
      open.remove(socket);
    }
  }

  /** Answers as the path says; false ends the connection. */
  private static boolean answer(String path, Socket socket, OutputStream out) throws IOException {
    String shop =
        "x-shop-instance: catalog-1\r\nx-shop-version: v2\r\nx-shop-caller: web\r\nx-shop-try: 2\r\n";
    return switch (path) {
      case "/503" ->
          send(
              out,
              "HTTP/1.1 503 Busy\r\nx-mesh-error: no-endpoint\r\ncontent-length: 4\r\n\r\nbusy");
      case "/chunked" ->
          send(out, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
      case "/continue" -> send(out, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
      case "/close" ->
          !send(out, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello");
      case "/until-close" -> !send(out, "HTTP/1.1 200 OK\r\n\r\nhello");
      case "/short" ->
          !send(out, "HTTP/1.1 200 OK\r\n" + shop + "content-length: 100\r\n\r\nhello");
      case "/short-chunked" ->
          !send(out, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
      case "/garbage" -> !send(out, "ssh-2.0 hello\r\n\r\n");
      case "/silent-close" -> false;
      case "/reset" -> reset(socket);
      case "/reset-mid-body" ->
          send(out, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello")
              && awaitRead()
              && reset(socket);
      case "/hang" -> true;
      default -> send(out, "HTTP/1.1 200 OK\r\n" + shop + "content-length: 5\r\n\r\nhello");
    };
  }

  /** A reset throws away what the peer has not read yet: the head would be lost with it. */
  private static boolean awaitRead() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  private static boolean reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
    return false;
  }

  private static boolean send(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
    return true;
  }
}
