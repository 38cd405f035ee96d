package io.refmesh.proxy;

import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawClient.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An application that speaks bytes as the test spells them, on an address of its own; remembers
 * every request head that reached it and on which connection.
 */
final class RawApplication implements AutoCloseable {

  /** What to do with one request; the connection goes on when it returns. */
  interface Behaviour {
    void answer(RawClient connection, Message request) throws IOException;
  }

  /**
   * @param connection number of the connection, from 1
   */
  record Seen(int connection, Message request) {}

  final List<Seen> seen = new CopyOnWriteArrayList<>();
  final AtomicInteger connections = new AtomicInteger();
  private final ServerSocket listener;
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private volatile Behaviour behaviour = RawApplication::echo;

  RawApplication() {
    try {
      listener = new ServerSocket(0, 64, InetAddress.getByName(TestMesh.address()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    threads.submit(this::accept);
  }

  HostPort address() {
    return new HostPort(listener.getInetAddress().getHostAddress(), listener.getLocalPort());
  }

  RawApplication behave(Behaviour newBehaviour) {
    behaviour = newBehaviour;
    return this;
  }

  /** Answers every request with these bytes. */
  RawApplication answers(String bytes) {
    return behave((connection, request) -> connection.send(bytes));
  }

  Message request(int index) {
    Eventually.holds(() -> seen.size() > index);
    return seen.get(index).request();
  }

  private static void echo(RawClient connection, Message request) throws IOException {
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: " + request.body().length + "\r\n\r\n");
    connection.send(request.body());
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        open.add(socket);
        int number = connections.incrementAndGet();
        threads.submit(() -> serve(new RawClient(socket), number));
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  private @org.jspecify.annotations.Nullable Void serve(RawClient connection, int number) {
    try (connection) {
      while (!connection.socket().isClosed()) {
        Message request = connection.readRequest();
        seen.add(new Seen(number, request));
        behaviour.answer(connection, request);
      }
    } catch (IOException e) {
      // The proxy has closed its connection.
    }
    return null;
  }

  @Override
  public void close() {
    try {
      listener.close();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    threads.shutdownNow();
  }
}
