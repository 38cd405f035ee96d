package io.refmesh.control;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The one thread that changes state. Its queue is bounded by those who fill it: one event of each
 * kind for each of a bounded number of streams, one rebuild, and what the admin port asks. A step
 * that fails is logged and counted, and the next one runs. What comes after {@link #close} is
 * dropped.
 */
final class Writer implements Executor, AutoCloseable {

  private static final Logger LOG = System.getLogger(Writer.class.getName());
  private static final long ANSWER_SECONDS = 5;

  private final ScheduledThreadPoolExecutor thread;
  private final Runnable failed;

  Writer(Runnable failed) {
    this.failed = failed;
    thread =
        new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().name("writer").daemon().factory());
    thread.setRemoveOnCancelPolicy(true);
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public void execute(Runnable step) {
    try {
      thread.execute(() -> run(step));
    } catch (RejectedExecutionException e) {
      // Closed: nobody waits for this step.
    }
  }

  Future<?> schedule(Runnable step, Duration delay) {
    return thread.schedule(() -> run(step), delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Runs on the writer thread and waits for the answer. */
  <T> T ask(Callable<T> question)
      throws InterruptedException, ExecutionException, TimeoutException {
    return thread.submit(question).get(ANSWER_SECONDS, TimeUnit.SECONDS);
  }

  /** Runs what is waiting, then ends. */
  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(ANSWER_SECONDS, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private void run(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      // One stream's or one state's trouble must not stop the others; the next state is built from
      // scratch.
      failed.run();
      LOG.log(Level.ERROR, "a step of the writer failed", e);
    }
  }
}
