package io.refmesh.toxiproxy.link;

import io.netty.buffer.ByteBuf;

/** The two sockets of a link, as the link sees them. Called on the connection's event loop. */
public interface LinkEnds {

  /** Asks the source for one more chunk; it arrives through {@link Link#received}. */
  void read();

  /** Whether the destination takes more: less than one chunk waits in front of the socket. */
  boolean writable();

  /** Sends one chunk, which the destination owns from here on. */
  void write(ByteBuf chunk);

  /** Closes the destination once everything written has been sent. */
  void close();
}
