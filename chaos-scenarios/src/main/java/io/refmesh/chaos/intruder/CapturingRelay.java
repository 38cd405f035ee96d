package io.refmesh.chaos.intruder;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Passes bytes between two sidecars unchanged, looks at all of them and keeps the first in a file:
 * what somebody on the network sees.
 */
public final class CapturingRelay implements AutoCloseable {

  /** Bytes kept for people to look at; all are searched. */
  private static final long KEPT_BYTES_MAX = 4L * 1024 * 1024;

  private static final int CHUNK_BYTES = 16 * 1024;

  private final ServerSocket listener;
  private final InetSocketAddress upstream;
  private final OutputStream file;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong connections = new AtomicLong();
  private final AtomicLong notTls = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong clear = new AtomicLong();

  private CapturingRelay(ServerSocket listener, InetSocketAddress upstream, OutputStream file) {
    this.listener = listener;
    this.upstream = upstream;
    this.file = file;
  }

  /** Listens on a free port of {@code address}. */
  public static CapturingRelay open(InetAddress address, InetSocketAddress upstream, Path file)
      throws IOException {
    CapturingRelay relay =
        new CapturingRelay(
            new ServerSocket(0, 128, address), upstream, Files.newOutputStream(file));
    Thread.ofVirtual().name("capture").start(relay::acceptAll);
    return relay;
  }

  public InetSocketAddress address() {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  public long connections() {
    return connections.get();
  }

  /** Connections whose first byte was not that of a TLS handshake record. */
  public long notTls() {
    return notTls.get();
  }

  /** Of both directions. */
  public long bytes() {
    return bytes.get();
  }

  /** How often something readable of HTTP was seen. */
  public long clear() {
    return clear.get();
  }

  private void acceptAll() {
    while (!listener.isClosed()) {
      try {
        Socket caller = listener.accept();
        connections.incrementAndGet();
        Thread.ofVirtual().start(() -> relay(caller));
      } catch (IOException e) {
        // Closed, or a caller who was gone before it was accepted; the loop's condition tells
        // which.
      }
    }
  }

  private void relay(Socket caller) {
    open.add(caller);
    try (caller;
        Socket target = new Socket()) {
      open.add(target);
      target.connect(upstream, 1_000);
      caller.setTcpNoDelay(true);
      target.setTcpNoDelay(true);
      Thread back = Thread.ofVirtual().start(() -> copy(target, caller, false));
      copy(caller, target, true);
      back.join();
      open.remove(target);
    } catch (IOException e) {
      // Nobody listens there now: the caller sees its connection close.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(caller);
    }
  }

  /** Copies until one of the two ends, then ends the other. */
  private void copy(Socket from, Socket to, boolean fromCaller) {
    ClearText search = new ClearText();
    byte[] chunk = new byte[CHUNK_BYTES];
    boolean first = fromCaller;
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        if (first && read > 0) {
          first = false;
          // 22 is the type of a handshake record.
          if (chunk[0] != 22) {
            notTls.incrementAndGet();
          }
        }
        clear.addAndGet(search.found(chunk, read));
        keep(chunk, read);
        out.write(chunk, 0, read);
        out.flush();
      }
    } catch (IOException e) {
      // One side broke off; below, so does the other.
    }
    try {
      from.close();
      to.close();
    } catch (IOException e) {
      // Closed already.
    }
  }

  private synchronized void keep(byte[] chunk, int length) throws IOException {
    long before = bytes.getAndAdd(length);
    if (before < KEPT_BYTES_MAX) {
      file.write(chunk, 0, length);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
    synchronized (this) {
      file.close();
    }
  }
}
