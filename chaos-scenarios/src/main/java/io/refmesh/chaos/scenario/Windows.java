package io.refmesh.chaos.scenario;

import java.time.Duration;

/** How long an act looks before, during and after its faults. */
public record Windows(Duration before, Duration during, Duration after) {

  public Duration total() {
    return before.plus(during).plus(after);
  }
}
