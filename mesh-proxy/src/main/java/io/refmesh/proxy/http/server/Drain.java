package io.refmesh.proxy.http.server;

/**
 * User event that makes a connection finish: fire it into the pipeline ({@code
 * channel.pipeline().fireUserEventTriggered(Drain.EVENT)}, any thread), more than once does no
 * harm.
 *
 * <p>HTTP/1 answers what is in flight with {@code connection: close}, closes after it, and closes
 * an idle connection when no request came for {@link ServerSettings#drainIdle}. HTTP/2 announces
 * with GOAWAY, still serves what crosses it, and closes after the last stream. The drain is over
 * when the channel is closed.
 */
public enum Drain {
  EVENT
}
