package io.refmesh.chaos.fault;

import io.refmesh.chaos.intruder.Intruder;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Somebody tries to get in, over and over, on a thread of its own. Its {@link #figures}: {@code
 * attempts}, and of these {@code refused}, {@code admitted} and {@code unclear}; an attempt that
 * nobody answered is unclear, not refused.
 */
final class IntrusionFault implements Fault {

  private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

  private final Intruder intruder;
  private final Duration pause;
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final AtomicInteger attempts = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger admitted = new AtomicInteger();
  private final AtomicInteger unclear = new AtomicInteger();
  private volatile @Nullable Thread worker;

  IntrusionFault(Intruder intruder, int perSecond) {
    this.intruder = intruder;
    this.pause = Duration.ofMillis(1000 / perSecond);
  }

  @Override
  public void begin() {
    worker = Thread.ofVirtual().name("intruder").start(this::keepTrying);
  }

  private void keepTrying() {
    while (!stopped.get()) {
      attempts.incrementAndGet();
      (switch (intruder.attempt()) {
            case REFUSED -> refused;
            case ADMITTED -> admitted;
            case UNCLEAR -> unclear;
          })
          .incrementAndGet();
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  @Override
  public void end() throws InterruptedException {
    stopped.set(true);
    Thread running = worker;
    if (running != null) {
      running.join(STOP_WITHIN);
    }
  }

  @Override
  public Map<String, Double> figures() {
    return Map.of(
        "attempts", (double) attempts.get(),
        "refused", (double) refused.get(),
        "admitted", (double) admitted.get(),
        "unclear", (double) unclear.get());
  }
}
