package io.refmesh.proxy.http;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes of HTTP/2 bodies the whole proxy has received and not yet handed on. Each stream
 * has a window of its own and holds up nobody but itself; this bounds what many of them keep in
 * memory together. Any thread.
 */
public final class BufferedBytes {

  public static final long MOST_DEFAULT = 64L * 1024 * 1024;

  /** A stream that keeps no more than this is never the one that is too much. */
  private static final int STALLED_BYTES = 64 * 1024;

  private final AtomicLong now = new AtomicLong();
  private final long most;
  private final Runnable reached;

  /**
   * @param reached called each time that a body is cut because of the bound
   */
  public BufferedBytes(long most, Runnable reached) {
    this.most = most;
    this.reached = reached;
  }

  public long now() {
    return now.get();
  }

  public long most() {
    return most;
  }

  /**
   * Takes bytes into account that arrived; each has to be given to {@link #gone} in the end.
   *
   * @param held what the stream keeps with them
   * @return false when the bound is reached and the stream's own reader has stalled: it is to be
   *     cut
   */
  public boolean arrived(int bytes, int held) {
    if (now.addAndGet(bytes) <= most || held < STALLED_BYTES) {
      return true;
    }
    reached.run();
    return false;
  }

  public void gone(int bytes) {
    now.addAndGet(-bytes);
  }
}
