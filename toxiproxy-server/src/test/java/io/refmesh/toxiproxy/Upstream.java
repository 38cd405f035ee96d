package io.refmesh.toxiproxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A server behind a proxy: hands every connection it gets to a script, on a virtual thread. */
final class Upstream implements AutoCloseable {
  private final ServerSocket listener;
  private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();
  private final List<Socket> all = new CopyOnWriteArrayList<>();

  /** What to do with a connection. */
  interface Script {
    void serve(Socket socket) throws IOException;
  }

  Upstream(Script script) {
    try {
      listener = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    Thread.ofVirtual().start(() -> accept(script));
  }

  /** Sends back what it gets. */
  static Upstream echo() {
    return new Upstream(socket -> {
      try (socket) {
        socket.getInputStream().transferTo(socket.getOutputStream());
      }
    });
  }

  /** Leaves its connections to the test, see {@link #next}. */
  static Upstream manual() {
    return new Upstream(socket -> {});
  }

  private void accept(Script script) {
    while (true) {
      Socket socket;
      try {
        socket = listener.accept();
        socket.setTcpNoDelay(true);
      } catch (IOException closed) {
        return;
      }
      all.add(socket);
      accepted.add(socket);
      Thread.ofVirtual()
          .start(() -> {
            try {
              script.serve(socket);
            } catch (IOException brokenByToxic) {
              // What toxics do; the test looks at the client's side.
            }
          });
    }
  }

  int port() {
    return listener.getLocalPort();
  }

  /** The next connection that came, within five seconds. */
  Socket next() {
    try {
      Socket socket = accepted.poll(5, TimeUnit.SECONDS);
      if (socket == null) {
        throw new AssertionError("no connection reached the upstream");
      }
      socket.setSoTimeout(10_000);
      return socket;
    } catch (InterruptedException | IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
      for (Socket socket : all) {
        socket.close();
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
