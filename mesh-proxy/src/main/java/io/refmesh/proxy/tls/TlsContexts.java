package io.refmesh.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.SSL;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.model.identity.SpiffeId;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The TLS contexts of the proxy's present certificate and trust roots, swapped whole when either
 * changes.
 *
 * <h2>Rotation</h2>
 *
 * New connections take what the one volatile reference says. The contexts before are given up at
 * once and freed when their last connection closes; connections are not cut. Nothing is resumed (no
 * tickets, no session cache), or a peer that is no longer trusted could come back without being
 * asked for its certificate.
 *
 * <h2>Threading</h2>
 *
 * {@link #rotate} on any thread, one at a time; handlers are made on any event loop.
 */
public final class TlsContexts implements AutoCloseable {

  /** The server's order decides; hybrid first. */
  private static final String[] GROUPS = {"X25519MLKEM768", "X25519", "P-256"};

  /**
   * Netty passes the key through a key store in memory. The default kind derives a password by ten
   * thousand rounds of HMAC each time, which was a quarter second of a cold sidecar's start.
   */
  public static final String KEY_STORE = "JKS";

  private final Duration clockSkew;
  private final InstantSource clock;
  private final TlsPeers peers;
  private volatile @Nullable Generation current;
  private boolean closed;

  public TlsContexts(Duration clockSkew, InstantSource clock, TlsPeers peers) {
    this.peers = peers;
    this.clockSkew = clockSkew;
    this.clock = clock;
  }

  /** From now on new connections prove and believe what {@code certificate} says. */
  public synchronized void rotate(WorkloadCertificate certificate) throws SSLException {
    if (closed) {
      return;
    }
    swap(build(certificate));
  }

  /** The certificate has ended: nothing is proved until the next one. */
  public synchronized void expire() {
    swap(null);
  }

  /** What is proved now; empty before the first certificate. */
  public Optional<WorkloadCertificate> certificate() {
    Generation generation = current;
    return generation == null ? Optional.empty() : Optional.of(generation.certificate());
  }

  TlsPeers peers() {
    return peers;
  }

  /** For one connection from another sidecar; empty before the first certificate. */
  Optional<SslHandler> serverHandler(ByteBufAllocator allocator) {
    return handler(
        Generation::server,
        allocator,
        // Beside the JVM property that Netty reads: it must hold for programs that do not set it,
        // too.
        (generation, engine) ->
            SSL.setOptions(
                ((ReferenceCountedOpenSslEngine) engine).sslPointer(), SSL.SSL_OP_NO_TICKET));
  }

  /**
   * For one connection to another sidecar that must prove to be {@code expected}; empty before the
   * first certificate.
   */
  Optional<SslHandler> clientHandler(
      ByteBufAllocator allocator, SpiffeId expected, MeshAlpn protocol) {
    return handler(
        switch (protocol) {
          case HTTP_2, HTTP_1 -> Generation::clientHttp2;
          case TCP -> Generation::clientTcp;
        },
        allocator,
        (generation, engine) -> generation.trust().expect(engine, expected));
  }

  @Override
  public synchronized void close() {
    closed = true;
    swap(null);
  }

  private void swap(@Nullable Generation next) {
    Generation before = current;
    current = next;
    if (before != null) {
      before.release();
    }
  }

  private Optional<SslHandler> handler(
      Function<Generation, SslContext> choice,
      ByteBufAllocator allocator,
      BiConsumer<Generation, SSLEngine> prepare) {
    while (true) {
      Generation generation = current;
      if (generation == null) {
        return Optional.empty();
      }
      SslContext context = choice.apply(generation);
      try {
        ReferenceCountUtil.retain(context);
      } catch (IllegalReferenceCountException swapped) {
        // Freed between the read above and here: what is current now is another one.
        continue;
      }
      try {
        SslHandler handler = context.newHandler(allocator);
        prepare.accept(generation, handler.engine());
        return Optional.of(handler);
      } finally {
        ReferenceCountUtil.release(context);
      }
    }
  }

  private Generation build(WorkloadCertificate certificate) throws SSLException {
    PeerTrust trust =
        new PeerTrust(
            new PeerVerifier(certificate.roots(), clockSkew, clock, peers),
            certificate.identity().trustDomain());
    X509Certificate[] chain = certificate.chain().toArray(X509Certificate[]::new);
    return new Generation(
        certificate,
        trust,
        context(
            SslContextBuilder.forServer(certificate.key(), chain).clientAuth(ClientAuth.REQUIRE),
            trust,
            protocols(MeshAlpn.HTTP_2, MeshAlpn.TCP)),
        context(client(certificate, chain), trust, protocols(MeshAlpn.HTTP_2)),
        context(client(certificate, chain), trust, List.of(MeshAlpn.TCP.protocol())));
  }

  /** The names to offer or accept, the mesh's own first. */
  private List<String> protocols(MeshAlpn... own) {
    List<String> names = new ArrayList<>();
    for (MeshAlpn protocol : own) {
      names.add(protocol.protocol());
    }
    if (peers == TlsPeers.STANDARD) {
      names.add(MeshAlpn.STANDARD_HTTP_2);
      if (own.length > 1) {
        // Towards peers HTTP/2 is needed: many requests share a connection.
        names.add(MeshAlpn.HTTP_1.protocol());
      }
    }
    return names;
  }

  /** The peer is told by its identity, not by a host name. */
  private static SslContextBuilder client(
      WorkloadCertificate certificate, X509Certificate[] chain) {
    return SslContextBuilder.forClient()
        .keyManager(certificate.key(), chain)
        .endpointIdentificationAlgorithm(null);
  }

  private static SslContext context(
      SslContextBuilder builder, PeerTrust trust, List<String> protocols) throws SSLException {
    return builder
        .sslProvider(SslProvider.OPENSSL_REFCNT)
        .keyStoreType(KEY_STORE)
        .protocols("TLSv1.3")
        .trustManager(trust)
        .option(OpenSslContextOption.GROUPS, GROUPS)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                protocols))
        .build();
  }

  /** The contexts of one certificate. */
  private record Generation(
      WorkloadCertificate certificate,
      PeerTrust trust,
      SslContext server,
      SslContext clientHttp2,
      SslContext clientTcp) {

    void release() {
      ReferenceCountUtil.release(server);
      ReferenceCountUtil.release(clientHttp2);
      ReferenceCountUtil.release(clientTcp);
    }
  }
}
