package io.refmesh.proxy.accept;

import io.netty.util.concurrent.Ticker;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Lets one log line for each key and minute through, so that a peer cannot fill the log. Safe on
 * any thread.
 */
public final class OncePerMinute {

  private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** Keys hold addresses of peers: beyond the bound new ones wait until old ones have gone. */
  private static final int KEYS_MAX = 1000;

  private final Ticker ticker;
  private final Map<String, Long> lastNanos = new ConcurrentHashMap<>();

  public OncePerMinute(Ticker ticker) {
    this.ticker = ticker;
  }

  /** Whether the line about {@code key} is due; it counts as written when it is. */
  public boolean due(String key) {
    long now = ticker.nanoTime();
    if (lastNanos.size() >= KEYS_MAX && !lastNanos.containsKey(key)) {
      lastNanos.values().removeIf(last -> now - last >= PAUSE_NANOS);
      if (lastNanos.size() >= KEYS_MAX) {
        return false;
      }
    }
    boolean[] due = new boolean[1];
    lastNanos.compute(
        key,
        (name, last) -> {
          due[0] = last == null || now - last >= PAUSE_NANOS;
          return due[0] ? Long.valueOf(now) : last;
        });
    return due[0];
  }
}
