package io.refmesh.toxiproxy.link;

import io.refmesh.toxiproxy.toxic.Attributes.SlowClose;

/** Passes data untouched and holds back the close of the destination for a while. */
final class SlowCloseFlow implements Flow {
  private final long delayNanos;
  private boolean closing;
  private long closeNanos;

  SlowCloseFlow(SlowClose slowClose) {
    this.delayNanos = Stage.nanos(slowClose.delayMillis());
  }

  @Override
  public boolean advance(Stage stage, Outlet next) {
    if (!stage.held().isEmpty()) {
      return stage.passHead(next);
    }
    if (!stage.inputEnded()) {
      return false;
    }
    if (!closing) {
      closing = true;
      closeNanos = stage.now() + delayNanos;
    }
    return stage.isDue(closeNanos) && stage.endIfInputEnded(next);
  }
}
