package io.refmesh.toxiproxy.link;

import io.refmesh.toxiproxy.toxic.Attributes.ResetPeer;

/**
 * Waits for the first data, or the end of it, swallows that, waits for the timeout and closes.
 * Whether the close is a reset is a matter of the sockets' linger, set when the connection started.
 */
final class ResetPeerFlow implements Flow {
  private long timeoutNanos;
  private boolean begun;
  private long begunNanos;

  ResetPeerFlow(ResetPeer resetPeer) {
    this.timeoutNanos = Stage.nanos(resetPeer.timeoutMillis());
  }

  /** Whether data was swallowed already, so that the connection is past saving. */
  boolean begun() {
    return begun;
  }

  /** Moves the close of a reset that has begun. */
  void retime(ResetPeer resetPeer) {
    timeoutNanos = Stage.nanos(resetPeer.timeoutMillis());
  }

  @Override
  public boolean hasRoom(Stage stage) {
    return !begun;
  }

  @Override
  public void arrived(Stage stage) {
    stage.held().clear();
    begin(stage);
  }

  @Override
  public boolean advance(Stage stage, Outlet next) {
    if (!begun) {
      if (!stage.inputEnded()) {
        return false;
      }
      begin(stage);
    }
    if (!stage.isDue(begunNanos + timeoutNanos)) {
      return false;
    }
    stage.close();
    return true;
  }

  private void begin(Stage stage) {
    begun = true;
    begunNanos = stage.now();
  }
}
