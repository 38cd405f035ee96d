package io.refmesh.chaos.scenario;

import io.refmesh.chaos.expect.Expression;
import java.time.Duration;
import java.util.Optional;

/**
 * Something that must hold.
 *
 * @param that the condition as it was written; {@code condition} is what it means
 * @param skip the beginning of the window that does not count
 * @param tolerance the share in the condition is a probability, so chance is allowed for; empty:
 *     exact
 * @param detectWithin the condition must become true within this time from the beginning of the
 *     fault
 * @param recoverWithin likewise from the end of the fault
 */
public record Expectation(
    String id,
    String says,
    Window window,
    Duration skip,
    String that,
    Expression condition,
    Optional<Share> tolerance,
    Optional<Duration> detectWithin,
    Optional<Duration> recoverWithin) {

  public enum Window {
    BEFORE("before"),
    DURING("during"),
    AFTER("after"),
    ALL("all");

    private final String text;

    Window(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }

  /**
   * A condition of the form {@code client.browse.successRate >= 0.997}.
   *
   * @param requests the figure that tells how many draws there were
   * @param atLeast whether the share must not be lower; else not higher
   */
  public record Share(String figure, String requests, boolean atLeast, double probability) {}
}
