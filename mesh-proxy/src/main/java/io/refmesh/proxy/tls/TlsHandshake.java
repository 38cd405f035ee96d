package io.refmesh.proxy.tls;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.internal.tcnative.SSL;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLException;

/**
 * Waits for the end of one handshake and tells what it proved, or why it failed.
 *
 * <p>In TLS 1.3 the client is done before the server has looked at its certificate: a refusal comes
 * as an alert where the first bytes were expected. This handler stays in a client's pipeline until
 * then and makes a {@link TlsRefused} of the alert, so that the steps behind see why.
 */
final class TlsHandshake extends ChannelInboundHandlerAdapter {

  private final SslHandler ssl;
  private final boolean client;
  private final TlsPeers peers;
  private final HandshakeCounters counters;
  private final RefusalLog log;
  private final MeshTls.Next next;
  private boolean secured;

  TlsHandshake(
      SslHandler ssl,
      boolean client,
      TlsPeers peers,
      HandshakeCounters counters,
      RefusalLog log,
      MeshTls.Next next) {
    this.ssl = ssl;
    this.client = client;
    this.peers = peers;
    this.counters = counters;
    this.log = log;
    this.next = next;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof SslHandshakeCompletionEvent completion)) {
      context.fireUserEventTriggered(event);
      return;
    }
    if (!completion.isSuccess()) {
      refused(context, TlsRefused.of(completion.cause()));
      return;
    }
    Secured what;
    try {
      what = whatWasProved();
    } catch (TlsRefused e) {
      refused(context, e);
      return;
    }
    secured = true;
    counters.succeeded(what.group());
    next.secured(context, what);
    if (!client && !context.isRemoved()) {
      context.pipeline().remove(this);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    context.fireChannelRead(message);
    // The peer sends, so it has accepted us: from here on an error is one of the connection.
    if (secured && !context.isRemoved()) {
      context.pipeline().remove(this);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (secured && TlsRefused.isAlert(cause)) {
      TlsRefused refused = TlsRefused.of(cause);
      counters.failed(refused.failure());
      log.tell(context.channel(), client, refused);
      context.fireExceptionCaught(refused);
    } else if (secured) {
      context.fireExceptionCaught(cause);
    }
    // Before the end of the handshake its completion event carries the cause.
  }

  private void refused(ChannelHandlerContext context, TlsRefused why) {
    counters.failed(why.failure());
    log.tell(context.channel(), client, why);
    next.refused(context, why);
    context.close();
  }

  private Secured whatWasProved() throws TlsRefused {
    X509Certificate leaf;
    try {
      leaf = (X509Certificate) ssl.engine().getSession().getPeerCertificates()[0];
    } catch (SSLException e) {
      throw new TlsRefused(TlsFailure.NO_CERTIFICATE, "the peer showed no certificate", e);
    }
    String protocol = ssl.applicationProtocol();
    Optional<MeshAlpn> alpn = MeshAlpn.of(protocol, peers);
    if (alpn.isEmpty() || client && alpn.get() == MeshAlpn.HTTP_1) {
      throw new TlsRefused(
          TlsFailure.OTHER,
          "the peer agreed on protocol " + protocol + " (expected: refmesh/h2 or refmesh/tcp)");
    }
    return switch (PeerIdentity.of(leaf)) {
      case PeerIdentity.Named(var id) -> new Secured(id, alpn.get(), group());
      case PeerIdentity.Unnamed(String why) -> throw new TlsRefused(TlsFailure.WRONG_IDENTITY, why);
    };
  }

  private String group() throws TlsRefused {
    try {
      String name = SSL.getGroupName(((ReferenceCountedOpenSslEngine) ssl.engine()).sslPointer());
      return name == null ? "unknown" : name;
    } catch (Exception e) {
      // Declared without saying which; after a successful handshake none is known.
      throw new TlsRefused(TlsFailure.OTHER, "the key exchange cannot be read: " + e, e);
    }
  }
}
