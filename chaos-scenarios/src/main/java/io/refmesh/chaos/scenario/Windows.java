package io.refmesh.chaos.scenario;

import java.time.Duration;

/**
 * How long an act looks before, during and after its faults.
 *
 * @param overhang how long the faults go on when {@code during} is over, so that its last requests
 *     meet them to the end
 */
public record Windows(Duration before, Duration during, Duration overhang, Duration after) {

  public Duration total() {
    return before.plus(during).plus(overhang).plus(after);
  }
}
