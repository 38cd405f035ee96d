package io.refmesh.proxy.tls;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.time.Duration;
import java.util.Optional;

/**
 * Secures connections between sidecars: TLS 1.3, both certificates verified, one of the mesh's own
 * protocols inside. Each handshake is counted; a refused one is told in the log. On the event loop
 * of the connection.
 */
public final class MeshTls {

  /** What follows the handshake; exactly one of the two is called. */
  public interface Next {

    /** The first bytes of the peer follow when this returns. */
    void secured(ChannelHandlerContext context, Secured what);

    /** The connection is closed when this returns. */
    void refused(ChannelHandlerContext context, TlsRefused why);
  }

  private final TlsContexts contexts;
  private final HandshakeCounters inbound;
  private final HandshakeCounters outbound;
  private final RefusalLog log;

  public MeshTls(TlsContexts contexts, ProxyMetrics metrics, Ticker ticker) {
    this.contexts = contexts;
    inbound = new HandshakeCounters(metrics, "inbound");
    outbound = new HandshakeCounters(metrics, "outbound");
    log = new RefusalLog(ticker);
  }

  /**
   * Adds the server's side at the end of the pipeline; false, and nothing added, before the first
   * certificate.
   */
  public boolean accept(ChannelPipeline pipeline, Duration timeout, Next next) {
    Optional<SslHandler> ssl = contexts.serverHandler(pipeline.channel().alloc());
    ssl.ifPresent(handler -> add(pipeline, handler, false, timeout, next));
    return ssl.isPresent();
  }

  /**
   * Adds the client's side at the end of the pipeline; false, and nothing added, before the first
   * certificate.
   *
   * @param expected what the server must prove to be
   */
  public boolean connect(
      ChannelPipeline pipeline, SpiffeId expected, MeshAlpn protocol, Duration timeout, Next next) {
    Optional<SslHandler> ssl =
        contexts.clientHandler(pipeline.channel().alloc(), expected, protocol);
    ssl.ifPresent(handler -> add(pipeline, handler, true, timeout, next));
    return ssl.isPresent();
  }

  private void add(
      ChannelPipeline pipeline, SslHandler ssl, boolean client, Duration timeout, Next next) {
    ssl.setHandshakeTimeoutMillis(timeout.toMillis());
    TlsHandshake handshake =
        new TlsHandshake(ssl, client, contexts.peers(), client ? outbound : inbound, log, next);
    // The handshake of a client may begin as soon as its handler is added: who waits for its end
    // comes first.
    pipeline.addLast(ssl, handshake);
  }
}
