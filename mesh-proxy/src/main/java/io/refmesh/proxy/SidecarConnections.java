package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.client.SecureConnections;
import io.refmesh.proxy.tls.MeshAlpn;
import io.refmesh.proxy.tls.MeshTls;
import io.refmesh.proxy.tls.Secured;
import io.refmesh.proxy.tls.TlsPeers;
import io.refmesh.proxy.tls.TlsRefused;
import java.time.Duration;
import java.util.Optional;

/**
 * Secures the HTTP connections to other sidecars. A connection counts as secured when the server's
 * first bytes have come (it sends its SETTINGS at once): in TLS 1.3 the client is done before the
 * server has judged its certificate, and a request sent in between would be lost with the refusal.
 */
final class SidecarConnections implements SecureConnections {

  /** The pool has a shorter one; this is for its bug. */
  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(30);

  private final MeshTls tls;
  private final TlsPeers peers;

  SidecarConnections(MeshTls tls, TlsPeers peers) {
    this.tls = tls;
    this.peers = peers;
  }

  @Override
  public void secure(Channel channel, EndpointSpec endpoint, Verdict verdict) {
    Optional<SpiffeId> identity = endpoint.identity();
    if (identity.isEmpty()) {
      throw new IllegalArgumentException(
          endpoint.address() + ": no identity (expected: an endpoint with sidecar)");
    }
    FirstBytes firstBytes = new FirstBytes(endpoint, verdict);
    boolean begun =
        tls.connect(
            channel.pipeline(),
            identity.get(),
            MeshAlpn.HTTP_2,
            HANDSHAKE_TIMEOUT,
            new MeshTls.Next() {
              @Override
              public void secured(ChannelHandlerContext context, Secured what) {
                if (peers == TlsPeers.STANDARD) {
                  // Some servers speak only when they have seen the client's preface.
                  verdict.secured();
                } else {
                  channel.pipeline().addLast(firstBytes);
                }
              }

              @Override
              public void refused(ChannelHandlerContext context, TlsRefused why) {
                verdict.failed(failure(endpoint, why));
              }
            });
    if (!begun) {
      verdict.failed(
          Outcome.Failed.before(
              MeshError.NOT_READY, "no certificate of our own to show to " + endpoint.address()));
    }
  }

  private static Outcome.Failed failure(EndpointSpec endpoint, TlsRefused why) {
    return Outcome.Failed.before(why.error(), endpoint.address() + ": " + why.getMessage());
  }

  /** Waits for the server to speak, or for its alert. */
  private static final class FirstBytes extends ChannelInboundHandlerAdapter {

    private final EndpointSpec endpoint;
    private final Verdict verdict;
    private boolean told;

    FirstBytes(EndpointSpec endpoint, Verdict verdict) {
      this.endpoint = endpoint;
      this.verdict = verdict;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (!told) {
        told = true;
        verdict.secured();
      }
      context.fireChannelRead(message);
      if (!context.isRemoved()) {
        context.pipeline().remove(this);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      tell(
          Outcome.Failed.before(
              MeshError.TLS_HANDSHAKE_FAILED,
              endpoint.address() + " closed the connection right after the TLS handshake"));
      context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      tell(
          cause instanceof TlsRefused refused
              ? failure(endpoint, refused)
              : Outcome.Failed.before(
                  MeshError.TLS_HANDSHAKE_FAILED, endpoint.address() + ": " + cause.getMessage()));
      context.close();
    }

    private void tell(Outcome.Failed failed) {
      if (!told) {
        told = true;
        verdict.failed(failed);
      }
    }
  }
}
