package io.refmesh.control.identity;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.refmesh.model.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Who calls, as the TLS connection proved it.
 *
 * @param host address without port; empty when unknown
 * @param identity of the client's certificate, which the handshake has verified; empty without
 *     certificate
 */
public record Peer(String host, String address, Optional<SpiffeId> identity) {

  private static final Context.Key<Peer> KEY = Context.key("refmesh-peer");
  private static final Peer UNKNOWN = new Peer("", "", Optional.empty());
  private static final int URI = 6;

  /** The caller of the gRPC call that runs on this thread. */
  public static Peer current() {
    Peer peer = KEY.get();
    return peer == null ? UNKNOWN : peer;
  }

  /** Makes {@link #current} work in every call of a server. */
  public static ServerInterceptor interceptor() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        return Contexts.interceptCall(
            Context.current().withValue(KEY, of(call)), call, headers, next);
      }
    };
  }

  private static Peer of(ServerCall<?, ?> call) {
    SocketAddress remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    String host =
        remote instanceof InetSocketAddress internet ? internet.getAddress().getHostAddress() : "";
    return new Peer(
        host,
        remote instanceof InetSocketAddress internet
            ? host + ":" + internet.getPort()
            : String.valueOf(remote),
        identity(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION)));
  }

  private static Optional<SpiffeId> identity(@Nullable SSLSession session) {
    if (session == null) {
      return Optional.empty();
    }
    try {
      Certificate[] chain = session.getPeerCertificates();
      return chain.length > 0 && chain[0] instanceof X509Certificate leaf
          ? identity(leaf)
          : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty();
    }
  }

  /** The SPIFFE id of a certificate: its only URI name. */
  static Optional<SpiffeId> identity(X509Certificate certificate) {
    try {
      if (certificate.getSubjectAlternativeNames() == null) {
        return Optional.empty();
      }
      List<String> uris =
          certificate.getSubjectAlternativeNames().stream()
              .filter(name -> name.get(0) instanceof Integer type && type == URI)
              .map(name -> String.valueOf(name.get(1)))
              .toList();
      return uris.size() == 1 ? SpiffeId.maybeParse(uris.getFirst()) : Optional.empty();
    } catch (CertificateParsingException e) {
      return Optional.empty();
    }
  }
}
