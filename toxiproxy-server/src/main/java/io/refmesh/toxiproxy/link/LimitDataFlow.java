package io.refmesh.toxiproxy.link;

import io.refmesh.toxiproxy.toxic.Attributes.LimitData;

/**
 * Passes the first so many bytes, then closes. What has been passed is counted by the stage, so the
 * count outlives an update; a limit of 0 closes on the first data.
 */
final class LimitDataFlow implements Flow {
  private final long limitBytes;

  LimitDataFlow(LimitData limit) {
    this.limitBytes = limit.bytes();
  }

  @Override
  public void arrived(Stage stage) {
    long remaining = Math.max(0, limitBytes - stage.passedBytes());
    int passed = (int) Math.min(remaining, stage.held().peek().readableBytes());
    stage.countPassed(passed);
    if (passed == 0) {
      stage.held().clear();
    } else {
      stage.held().peek().writerIndex(stage.held().peek().readerIndex() + passed);
    }
    if (stage.passedBytes() >= limitBytes) {
      stage.close();
    }
  }

  @Override
  public boolean advance(Stage stage, Outlet next) {
    return stage.held().isEmpty() ? stage.endIfInputEnded(next) : stage.passHead(next);
  }
}
