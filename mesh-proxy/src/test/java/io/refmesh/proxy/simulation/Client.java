package io.refmesh.proxy.simulation;

/** An application that calls until it is stopped. */
public interface Client {

  void start();

  /** Ends its connections; what is under way counts as cancelled. */
  void stop();
}
