package io.refmesh.chaos.intruder;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * A server with a genuine certificate of somebody else, where a caller expects another service. It
 * counts what callers tell it: bytes of the application, after the handshake. There must be none.
 */
public final class RogueServer implements AutoCloseable {

  private static final int TIMEOUT_MILLIS = 5_000;
  private static final String[] ALPN = {"refmesh/h2", "refmesh/tcp"};

  private final ServerSocket listener;
  private final SSLContext tls;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong connections = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();

  private RogueServer(ServerSocket listener, SSLContext tls) {
    this.listener = listener;
    this.tls = tls;
  }

  /** Listens on a free port of {@code address}. */
  public static RogueServer open(InetAddress address, Credential credential) throws IOException {
    RogueServer server = new RogueServer(new ServerSocket(0, 128, address), credential.context());
    Thread.ofVirtual().name("rogue").start(server::acceptAll);
    return server;
  }

  public InetSocketAddress address() {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  public long connections() {
    return connections.get();
  }

  /** Of applications, decrypted. */
  public long bytes() {
    return bytes.get();
  }

  private void acceptAll() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        open.add(socket);
        connections.incrementAndGet();
        Thread.ofVirtual().start(() -> listen(socket));
      } catch (IOException e) {
        // Closed, or a caller who was gone before it was accepted; the loop's condition tells
        // which.
      }
    }
  }

  private void listen(Socket plain) {
    try (plain;
        SSLSocket socket =
            (SSLSocket) tls.getSocketFactory().createSocket(plain, null, plain.getPort(), false)) {
      socket.setUseClientMode(false);
      socket.setNeedClientAuth(true);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setProtocols(new String[] {"TLSv1.3"});
      parameters.setApplicationProtocols(ALPN);
      socket.setSSLParameters(parameters);
      plain.setSoTimeout(TIMEOUT_MILLIS);
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[4096];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        bytes.addAndGet(read);
      }
    } catch (IOException e) {
      // What is hoped for: the caller saw who this is and left.
    } finally {
      open.remove(plain);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
