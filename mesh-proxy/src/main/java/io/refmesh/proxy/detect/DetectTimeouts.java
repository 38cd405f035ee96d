package io.refmesh.proxy.detect;

import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.accept.OncePerMinute;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Tells of detections that timed out: one log line for each destination and minute. Safe on any
 * thread.
 */
public final class DetectTimeouts {

  private static final Logger LOG = Logger.getLogger(DetectTimeouts.class.getName());

  private final OncePerMinute lines;

  public DetectTimeouts(Ticker ticker) {
    this.lines = new OncePerMinute(ticker);
  }

  /**
   * @param destination {@code cart.shop:8080}, or the workload's own port
   */
  public void timedOut(String destination, int bytesSeen, long waitedMillis) {
    if (lines.due(destination)) {
      LOG.log(
          Level.WARNING,
          "protocol not detected, treated as opaque TCP: destination={0} bytes={1} waited_ms={2}"
              + " (if its server speaks first, set appProtocol: refmesh.io/opaque on the Service port)",
          new Object[] {destination, Integer.toString(bytesSeen), Long.toString(waitedMillis)});
    }
  }
}
