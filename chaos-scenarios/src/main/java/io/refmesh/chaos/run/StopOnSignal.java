package io.refmesh.chaos.run;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The way of a signal (Ctrl-C): the thread that made this is interrupted, ends everything in order,
 * and the JVM ends when it has closed this, with a code that a script can use.
 */
public final class StopOnSignal implements AutoCloseable {

  private final CountDownLatch done = new CountDownLatch(1);
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final Thread hook;

  /**
   * @param saying what is done now
   * @param within how long that may take before the JVM ends all the same
   * @param late what is done then, at last
   */
  public StopOnSignal(PrintWriter out, String saying, Duration within, int code, Runnable late) {
    Thread runner = Thread.currentThread();
    hook =
        new Thread(
            () -> {
              stopping.set(true);
              out.println();
              out.println(saying);
              out.flush();
              runner.interrupt();
              try {
                if (!done.await(within.toMillis(), TimeUnit.MILLISECONDS)) {
                  out.println(
                      "not stopped within "
                          + within.toSeconds()
                          + " s; the next run stops what is left");
                  out.flush();
                  late.run();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              // The JVM would end with the signal's number; scripts want the table's.
              Runtime.getRuntime().halt(code);
            },
            "stop");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  public boolean stopping() {
    return stopping.get();
  }

  @Override
  public void close() {
    done.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending: the hook runs and has waited for this.
    }
  }
}
