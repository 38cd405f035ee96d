package io.refmesh.chaos.intruder;

/** Somebody who tries to call a workload without the right to. */
public interface Intruder {

  /** How one attempt ended. */
  enum Ending {
    /** The connection was closed or the request refused. */
    REFUSED,
    /** A request was answered as if by right, or the handshake completed. */
    ADMITTED,
    /** Nothing came in time, or there was nobody to connect to. */
    UNCLEAR
  }

  /** Tries once. Blocking, bounded by a timeout. */
  Ending attempt();
}
