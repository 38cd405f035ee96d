package io.refmesh.control.kubernetes;

import io.refmesh.control.inject.AdmissionEvents;
import io.refmesh.control.inject.Injection;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * Tells of what webhooks decided: every decision is counted, and what is worth it becomes an event
 * beside the object. Events are written by one thread from a bounded queue; what does not fit is
 * counted and left out. Thread-safe.
 */
final class AdmissionReports implements AdmissionEvents, AutoCloseable {

  private static final Logger LOG = System.getLogger(AdmissionReports.class.getName());
  private static final int WAITING_MAX = 256;

  private final ObjectEvents events;
  private final BiConsumer<String, String> counter;
  private final ThreadPoolExecutor thread;

  /**
   * @param counter takes what was decided and the reason
   */
  AdmissionReports(ObjectEvents events, BiConsumer<String, String> counter) {
    this.events = events;
    this.counter = counter;
    thread =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING_MAX),
            Thread.ofPlatform().name("admission-events").daemon().factory(),
            (event, full) -> counter.accept("event", "left-out"));
  }

  @Override
  public void injected(Subject subject) {
    counter.accept("injected", "");
    write(subject, "Normal", "Injected", "the pod gets a sidecar");
  }

  @Override
  public void skipped(Subject subject, Injection.Reason reason, String message) {
    counter.accept("skipped", reason.text());
    if (reason.surprising()) {
      write(subject, "Warning", "InjectionSkipped", message);
    }
  }

  @Override
  public void refused(Subject subject, List<String> problems) {
    counter.accept("refused", subject.kind().toLowerCase(Locale.ROOT));
    LOG.log(
        Level.INFO,
        "refused: {0} {1}/{2}: {3}",
        subject.kind(),
        subject.namespace(),
        subject.name(),
        String.join("; ", problems));
    // What has no uid was never there: whoever sent it was told.
    if (!subject.uid().isEmpty()) {
      write(subject, "Warning", "InjectionRefused", String.join("; ", problems));
    }
  }

  @Override
  public void accepted(Subject subject) {
    counter.accept("accepted", "");
  }

  @Override
  public void failed(String path, Throwable cause) {
    counter.accept("failed", path);
    LOG.log(Level.ERROR, "a webhook failed: " + path, cause);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private void write(Subject subject, String type, String reason, String message) {
    thread.execute(() -> events.write(subject, type, reason, message));
  }
}
