package io.refmesh.proxy.http.client;

import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.http.Http2Limits;
import java.time.Duration;

/**
 * How connections to endpoints are kept.
 *
 * @param headerBytes most bytes of a response's header section
 * @param streamWindow bytes in flight per HTTP/2 stream
 * @param connectionWindow bytes in flight per HTTP/2 connection
 * @param idle how long an HTTP/1 connection is kept without a request: below the keep-alive timeout
 *     of any usual server
 * @param pingAfter HTTP/2: silence after which the peer is asked whether it lives
 * @param pingDead HTTP/2: silence after a PING after which the connection is given up
 * @param http2 what is put up with from an HTTP/2 peer
 */
public record ClientSettings(
    int headerBytes,
    int streamWindow,
    int connectionWindow,
    Duration idle,
    Duration pingAfter,
    Duration pingDead,
    Http2Limits http2) {

  public static final ClientSettings DEFAULT =
      new ClientSettings(
          64 * 1024,
          256 * 1024,
          4 * 1024 * 1024,
          Duration.ofSeconds(3),
          Duration.ofSeconds(10),
          Duration.ofSeconds(3),
          Http2Limits.of(Ticker.systemTicker()));

  public ClientSettings withHttp2(Http2Limits limits) {
    return new ClientSettings(
        headerBytes, streamWindow, connectionWindow, idle, pingAfter, pingDead, limits);
  }
}
