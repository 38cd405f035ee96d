package io.refmesh.toxiproxy.link;

import io.refmesh.toxiproxy.toxic.Attributes.Timeout;

/** Swallows all data, and closes after the timeout has passed without any; 0 never closes. */
final class TimeoutFlow implements Flow {
  private final long timeoutNanos;
  private long closeNanos;

  TimeoutFlow(Timeout timeout, long nowNanos) {
    this.timeoutNanos = Stage.nanos(timeout.timeoutMillis());
    this.closeNanos = nowNanos + timeoutNanos;
  }

  @Override
  public boolean hasRoom(Stage stage) {
    return true;
  }

  @Override
  public void arrived(Stage stage) {
    stage.held().clear();
    closeNanos = stage.now() + timeoutNanos;
  }

  @Override
  public boolean advance(Stage stage, Outlet next) {
    if (timeoutNanos > 0 && stage.isDue(closeNanos)) {
      stage.close();
      return true;
    }
    return stage.endIfInputEnded(next);
  }
}
