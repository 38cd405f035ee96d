package io.refmesh.model.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One FaultPolicy as the sidecar that injects it is told. It ends by itself: a sidecar whose
 * control plane is gone ends it too.
 *
 * @param policy {@code namespace/name}
 * @param maxActive at most so many requests of one sidecar are under it at once
 * @param ends after this it has no effect; by the clock of the control plane
 * @param longest nor after so long a time from when the sidecar first heard of it, whatever its own
 *     clock says
 * @param faults each is decided for itself; delays add up, and of the rest the first is done
 */
public record Faults(
    String policy, int maxActive, Instant ends, Duration longest, List<Fault> faults) {

  public Faults {
    faults = List.copyOf(faults);
    if (maxActive < 1 || longest.isNegative()) {
      throw new IllegalArgumentException(
          "faults of "
              + policy
              + ": at most "
              + maxActive
              + " requests at once for "
              + longest
              + " (expected: at least 1, for some time)");
    }
  }

  /**
   * One fault: a delay, an effect, or first the one and then the other.
   *
   * @param percent of the requests that match
   * @param headers all must be there with this value; empty for every request
   */
  public record Fault(
      int percent, List<Header> headers, Optional<Delay> delay, Optional<Effect> effect) {
    public Fault {
      headers = List.copyOf(headers);
      if (percent < 0 || percent > 100) {
        throw new IllegalArgumentException("percent: " + percent + " (expected: 0 to 100)");
      }
    }
  }

  /**
   * @param name lower case
   */
  public record Header(String name, String value) {}

  /** Between {@code fixed} and {@code fixed + jitter}. */
  public record Delay(Duration fixed, Duration jitter) {}

  /** What happens in place of the answer, or to it. */
  public sealed interface Effect {

    /** An answer with this status; a gRPC call gets the gRPC status that corresponds. */
    record AbortHttp(int status) implements Effect {}

    /** An answer with this gRPC status; only gRPC calls are aborted so. */
    record AbortGrpc(int status) implements Effect {}

    /** The connection or stream breaks before anything is answered. */
    record Reset() implements Effect {}

    /** The answer's body breaks after so many bytes; a shorter one comes whole. */
    record Truncate(int afterBytes) implements Effect {}
  }
}
