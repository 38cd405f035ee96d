package io.refmesh.proxy.control;

import java.time.Duration;

/** Lets time pass on a thread that may block. */
interface Sleeper {

  /** The one of production. */
  Sleeper SYSTEM = Thread::sleep;

  void sleep(Duration duration) throws InterruptedException;
}
