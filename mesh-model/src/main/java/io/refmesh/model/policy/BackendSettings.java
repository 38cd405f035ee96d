package io.refmesh.model.policy;

import java.time.Duration;

/** How a proxy treats the endpoints of one backend. */
public record BackendSettings(
    Balancer balancer, Ejection ejection, Limits limits, Duration connectTimeout) {

  public static final BackendSettings DEFAULT =
      new BackendSettings(
          Balancer.DEFAULT, Ejection.DEFAULT, Limits.DEFAULT, Duration.ofSeconds(1));

  public enum Algorithm {
    PEAK_EWMA,
    LEAST_REQUEST,
    ROUND_ROBIN,
    RING_HASH
  }

  /** What requests that belong together have in common, for the ring hash. */
  public sealed interface Hash {

    /** The value of a header; the caller's address where it is missing. */
    record Header(String name) implements Hash {}

    /** The value of a cookie; the caller's address where it is missing. */
    record Cookie(String name) implements Hash {}

    /** The caller's address. */
    record Source() implements Hash {}
  }

  /**
   * @param hash ring hash only
   */
  public record Balancer(Algorithm algorithm, Hash hash, Duration slowStart, boolean preferZone) {
    public static final Balancer DEFAULT =
        new Balancer(Algorithm.PEAK_EWMA, new Hash.Source(), Duration.ZERO, true);
  }

  /**
   * When an endpoint gets no more requests but probes.
   *
   * @param consecutiveFailures 0: not judged by consecutive failures
   * @param successPercent an endpoint below it is ejected; 0: not judged by success rate
   * @param successWindow over which the success rate is taken
   * @param successMinRequests fewer requests in the window say nothing
   * @param backoffBase first ejection; doubles up to {@code backoffMax}
   * @param jitterPercent of the back-off, added at random
   * @param maxEjectedPercent of the endpoints, at least one may always be ejected when there is
   *     more than one
   */
  public record Ejection(
      int consecutiveFailures,
      int successPercent,
      Duration successWindow,
      int successMinRequests,
      Duration backoffBase,
      Duration backoffMax,
      int jitterPercent,
      int maxEjectedPercent) {
    public static final Ejection DEFAULT =
        new Ejection(
            7,
            80,
            Duration.ofSeconds(10),
            5,
            Duration.ofSeconds(1),
            Duration.ofSeconds(60),
            50,
            50);
  }

  /**
   * Bounds per proxy and backend; 0 means none.
   *
   * @param inFlight tries sent and not ended
   * @param adaptive whether the proxy finds the bound on tries by itself, at most {@code inFlight}
   * @param connections to one endpoint by one event loop; opaque ones to all endpoints together
   * @param pending requests that wait for a connection or for an endpoint to get ready
   */
  public record Limits(int inFlight, boolean adaptive, int connections, int pending) {
    public static final Limits DEFAULT = new Limits(0, false, 1024, 1024);
  }
}
