package io.refmesh.model.policy;

import java.time.Duration;

/**
 * How long things may take; {@link Duration#ZERO} means no limit.
 *
 * @param request from the request head to the last byte of the answer, all tries
 * @param perTry from a try's head sent to its response head
 * @param idle the longest pause of a body in either direction
 */
public record Timeouts(Duration request, Duration perTry, Duration idle) {

  public static final Timeouts NONE =
      new Timeouts(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(60));

  public Timeouts {
    if (request.isNegative() || perTry.isNegative() || idle.isNegative()) {
      throw new IllegalArgumentException(
          "timeouts: " + request + ", " + perTry + ", " + idle + " (expected: none negative)");
    }
  }
}
