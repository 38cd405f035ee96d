package io.refmesh.proxy.http.server;

import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.http.Http2Limits;
import java.time.Duration;

/**
 * How a connection from a caller is served.
 *
 * @param role which side of the mesh it is on; decides whom to believe
 * @param headerBytes most bytes of a header section; more is answered 431
 * @param headerTimeout from the first byte of an HTTP/1 head to its last; later is answered 408
 * @param streams most concurrent streams of an HTTP/2 connection
 * @param streamWindow bytes in flight per HTTP/2 stream
 * @param connectionWindow bytes in flight per HTTP/2 connection
 * @param http2 what is put up with from an HTTP/2 peer
 * @param drainIdle how long an idle HTTP/1 connection waits for one more request after {@link
 *     Drain}
 * @param drainPing how long HTTP/2 waits between the two steps of GOAWAY when the peer does not
 *     answer the PING between them
 */
public record ServerSettings(
    Role role,
    int headerBytes,
    Duration headerTimeout,
    int streams,
    int streamWindow,
    int connectionWindow,
    Http2Limits http2,
    Duration drainIdle,
    Duration drainPing,
    Ticker ticker) {

  /** Which side of the mesh a connection comes from. */
  public enum Role {
    /**
     * From the own application: its {@code x-mesh-*} and {@code x-forwarded-client-cert} are
     * removed, errors are told in full.
     */
    OUTBOUND,
    /**
     * From others: {@code x-mesh-*} is believed from meshed callers only, {@code
     * x-forwarded-client-cert} says the identity that the connection proved, and strangers get the
     * status of an error without its text.
     */
    INBOUND
  }

  /** What the specification says. */
  public static ServerSettings of(Role role, Ticker ticker) {
    return new ServerSettings(
        role,
        64 * 1024,
        Duration.ofSeconds(10),
        1024,
        256 * 1024,
        4 * 1024 * 1024,
        Http2Limits.of(ticker),
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        ticker);
  }

  public ServerSettings withHttp2(Http2Limits limits) {
    return new ServerSettings(
        role,
        headerBytes,
        headerTimeout,
        streams,
        streamWindow,
        connectionWindow,
        limits,
        drainIdle,
        drainPing,
        ticker);
  }

  public ServerSettings withStreams(int most) {
    return new ServerSettings(
        role,
        headerBytes,
        headerTimeout,
        most,
        streamWindow,
        connectionWindow,
        http2,
        drainIdle,
        drainPing,
        ticker);
  }

  public ServerSettings withHeaders(int bytes, Duration timeout) {
    return new ServerSettings(
        role,
        bytes,
        timeout,
        streams,
        streamWindow,
        connectionWindow,
        http2,
        drainIdle,
        drainPing,
        ticker);
  }
}
