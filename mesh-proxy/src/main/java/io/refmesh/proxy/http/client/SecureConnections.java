package io.refmesh.proxy.http.client;

import io.netty.channel.Channel;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.proxy.http.Outcome;

/**
 * Makes a fresh connection to a sidecar a verified one: TLS 1.3 with both certificates, ALPN {@code
 * refmesh/h2}, and exactly the identity that discovery names.
 *
 * <p>Called once for each connection, on its event loop, as soon as TCP is connected and before
 * anything else is in the pipeline but what {@link ConnectionPools.ConnectionSetup} put there. The
 * implementation adds its {@code SslHandler} last, takes the current certificate and trust at that
 * moment, and tells the verdict exactly once, on the event loop:
 *
 * <ul>
 *   <li>{@link Verdict#secured} when the handshake is complete, ALPN chose {@code refmesh/h2}, and
 *       the peer's SPIFFE id equals {@code endpoint.identity()}. The pool then adds its own
 *       handlers behind the {@code SslHandler} and sends the first byte.
 *   <li>{@link Verdict#failed} otherwise, with {@code Outcome.Failed.before(TLS_IDENTITY_MISMATCH |
 *       TLS_HANDSHAKE_FAILED, detail)}, and {@code NOT_READY} while there is no certificate of our
 *       own. The detail names the endpoint, what was found and what was expected. The pool closes
 *       the channel.
 * </ul>
 *
 * <p>The pool bounds the time (connect timeout) and closes the channel itself when it is over: the
 * implementation may then still report a failure, which is ignored. A channel closed by the peer
 * during the handshake must end in {@code failed}.
 */
public interface SecureConnections {

  void secure(Channel channel, EndpointSpec endpoint, Verdict verdict);

  /** Told exactly once, on the event loop of the channel. */
  interface Verdict {
    void secured();

    void failed(Outcome.Failed why);
  }
}
