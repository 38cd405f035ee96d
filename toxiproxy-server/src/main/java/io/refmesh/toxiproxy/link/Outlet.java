package io.refmesh.toxiproxy.link;

import io.netty.buffer.ByteBuf;

/** Where a stage passes its chunks on to: the next stage, or the destination socket. */
interface Outlet {

  /** Whether one more chunk is welcome now. */
  boolean ready();

  /** Takes ownership of one chunk; only when {@link #ready()}. */
  void take(ByteBuf chunk, long receivedNanos);

  /** Says that no more chunks will come. */
  void end();
}
