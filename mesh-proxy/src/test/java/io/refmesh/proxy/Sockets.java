package io.refmesh.proxy;

import io.refmesh.model.discovery.HostPort;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** Looks at addresses from outside. */
final class Sockets {

  private static final int TIMEOUT_MILLIS = 500;

  private Sockets() {}

  /** Whether somebody listens there. */
  static boolean accepts(HostPort at) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(at.host(), at.port()), TIMEOUT_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
