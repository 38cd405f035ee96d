package io.refmesh.proxy.accept;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many accepted connections the proxy holds at once, over all listeners. Safe on any thread.
 */
public final class ConnectionLimit {

  private final int connectionsMax;
  private final AtomicInteger open = new AtomicInteger();

  public ConnectionLimit(int connectionsMax) {
    this.connectionsMax = connectionsMax;
  }

  /** Takes a place, to be given back by {@link #leave}; false when there is none. */
  boolean enter() {
    if (open.incrementAndGet() > connectionsMax) {
      open.decrementAndGet();
      return false;
    }
    return true;
  }

  void leave() {
    open.decrementAndGet();
  }

  public int open() {
    return open.get();
  }
}
