package io.refmesh.toxiproxy.link;

/**
 * Passes everything: the noop toxic, and every toxic whose draw said that it does not act on this
 * connection.
 */
final class PassFlow implements Flow {

  @Override
  public boolean advance(Stage stage, Outlet next) {
    return stage.held().isEmpty() ? stage.endIfInputEnded(next) : stage.passHead(next);
  }
}
