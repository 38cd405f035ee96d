package io.refmesh.proxy.http;

import io.netty.util.concurrent.Ticker;
import java.time.Duration;

/**
 * What is put up with from the peer of an HTTP/2 connection, whichever side it is on.
 *
 * @param floodFrames frames of one kind that bring no request and no byte further, per {@code
 *     window}; what the peer's requests and bodies account for comes on top
 * @param resets RST_STREAM frames per {@code window}, where most streams end by one
 * @param resetsOfSidecars the same for another sidecar, behind which many requests may time out at
 *     once
 * @param window over which frames are counted
 * @param floods told before a connection is cut
 * @param buffered what all bodies together may keep in memory
 * @param streamsReached called when a stream is refused or has to wait because there are as many on
 *     the connection as whoever takes them takes at once
 */
public record Http2Limits(
    int floodFrames,
    int resets,
    int resetsOfSidecars,
    Duration window,
    Ticker ticker,
    Floods floods,
    BufferedBytes buffered,
    Runnable streamsReached) {

  /** Told when a peer floods. */
  public interface Floods {

    /**
     * @param kind of frame, from a small fixed set
     */
    void flooded(String kind);
  }

  /** Above what a sidecar cancels whose every request times out. */
  private static final int OF_SIDECARS = 10;

  private static final int FLOOD_FRAMES_DEFAULT = 1_000;

  /** What the specification says; nobody is told. */
  public static Http2Limits of(Ticker ticker) {
    return of(
        FLOOD_FRAMES_DEFAULT,
        ticker,
        kind -> {},
        new BufferedBytes(BufferedBytes.MOST_DEFAULT, () -> {}),
        () -> {});
  }

  /**
   * @param frames of one kind within ten seconds
   */
  public static Http2Limits of(
      int frames, Ticker ticker, Floods floods, BufferedBytes buffered, Runnable streamsReached) {
    return new Http2Limits(
        frames,
        frames,
        OF_SIDECARS * frames,
        Duration.ofSeconds(10),
        ticker,
        floods,
        buffered,
        streamsReached);
  }

  /** The same, told to somebody else. */
  public Http2Limits tell(Floods other) {
    return new Http2Limits(
        floodFrames, resets, resetsOfSidecars, window, ticker, other, buffered, streamsReached);
  }
}
