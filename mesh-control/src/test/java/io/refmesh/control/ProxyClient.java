package io.refmesh.control;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.refmesh.control.identity.Csrs;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.wire.v1.Ack;
import io.refmesh.model.wire.v1.CertifyRequest;
import io.refmesh.model.wire.v1.CertifyResponse;
import io.refmesh.model.wire.v1.DiscoveryGrpc;
import io.refmesh.model.wire.v1.Hello;
import io.refmesh.model.wire.v1.IdentityGrpc;
import io.refmesh.model.wire.v1.Nack;
import io.refmesh.model.wire.v1.ServicePort;
import io.refmesh.model.wire.v1.WatchRequest;
import io.refmesh.model.wire.v1.WatchResponse;
import java.io.ByteArrayInputStream;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** A proxy as far as the control plane sees one: asks for a certificate, watches, acknowledges. */
final class ProxyClient implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final HostPort control;
  private final X509Certificate root;
  private final Duration patience;
  private final Consumer<WatchResponse> tap;
  private final KeyPair key = Csrs.p256();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
  private List<X509Certificate> chain = List.of();
  private @Nullable StreamObserver<WatchRequest> requests;

  ProxyClient(HostPort control, X509Certificate root) {
    this(control, root, PATIENCE, nothing -> {});
  }

  /**
   * @param patience how long an answer may take
   * @param tap told of each message when it comes, on a thread of the channel
   */
  ProxyClient(
      HostPort control, X509Certificate root, Duration patience, Consumer<WatchResponse> tap) {
    this.patience = patience;
    this.control = control;
    this.root = root;
    this.tap = tap;
  }

  /** Gets a certificate and keeps it for {@link #watch}. */
  CertifyResponse certify(String identity, String token) throws Exception {
    CertifyResponse response =
        IdentityGrpc.newBlockingStub(channel(false))
            .withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS)
            .certify(
                CertifyRequest.newBuilder()
                    .setIdentity(identity)
                    .setToken(token)
                    .setCsr(ByteString.copyFrom(Csrs.forUri(key, identity)))
                    .build());
    List<X509Certificate> certificates = new ArrayList<>();
    for (ByteString der : response.getChainList()) {
      certificates.add(decode(der.toByteArray()));
    }
    chain = certificates;
    return response;
  }

  X509Certificate leaf() {
    return chain.getFirst();
  }

  /** Opens the stream with the certificate, or without one when there is none. */
  void watch(String namespace, String workload, int replica) throws Exception {
    watch(namespace, workload, replica, workload.equals("cart") ? "127.1.3.1" : "127.1.2.1");
  }

  void watch(String namespace, String workload, int replica, String address) throws Exception {
    requests =
        DiscoveryGrpc.newStub(channel(!chain.isEmpty()))
            .watch(
                new StreamObserver<>() {
                  @Override
                  public void onNext(WatchResponse response) {
                    tap.accept(response);
                    events.add(response);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    events.add(Status.fromThrowable(failure));
                  }

                  @Override
                  public void onCompleted() {
                    events.add(Status.OK);
                  }
                });
    send(
        WatchRequest.newBuilder()
            .setHello(
                Hello.newBuilder()
                    .setNamespace(namespace)
                    .setWorkload(workload)
                    .setReplica(replica)
                    .setAddress(address)));
  }

  void subscribe(String namespace, String service, int port) {
    send(
        WatchRequest.newBuilder()
            .setSubscribe(
                ServicePort.newBuilder()
                    .setNamespace(namespace)
                    .setService(service)
                    .setPort(port)));
  }

  void acknowledge(WatchResponse response) {
    send(
        WatchRequest.newBuilder()
            .setAck(
                Ack.newBuilder()
                    .setResource(response.getResource())
                    .setVersion(response.getVersion())));
  }

  void refuse(WatchResponse response, String reason) {
    send(
        WatchRequest.newBuilder()
            .setNack(
                Nack.newBuilder()
                    .setResource(response.getResource())
                    .setVersion(response.getVersion())
                    .setReason(reason)));
  }

  /** The next message for which the condition holds; others are passed over. */
  WatchResponse next(Predicate<WatchResponse> wanted) throws Exception {
    while (true) {
      Object event = events.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
      switch (event) {
        case null ->
            throw new TimeoutException("no such message in " + patience.toSeconds() + " s");
        case WatchResponse response -> {
          if (wanted.test(response)) {
            return response;
          }
        }
        default -> throw new IllegalStateException("the stream ended: " + event);
      }
    }
  }

  WatchResponse next(String resource) throws Exception {
    return next(response -> response.getResource().equals(resource));
  }

  /** With what the stream ended; messages before are passed over. */
  Status end() throws Exception {
    while (true) {
      Object event = events.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
      if (event == null) {
        throw new TimeoutException("the stream did not end in " + patience.toSeconds() + " s");
      }
      if (event instanceof Status status) {
        return status;
      }
    }
  }

  /** True when nothing comes for a while. */
  boolean silent(long millis) throws InterruptedException {
    return events.poll(millis, TimeUnit.MILLISECONDS) == null;
  }

  @Override
  public void close() throws InterruptedException {
    for (ManagedChannel channel : channels) {
      channel.shutdownNow();
      channel.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private void send(WatchRequest.Builder request) {
    if (requests == null) {
      throw new IllegalStateException("not watching");
    }
    requests.onNext(request.build());
  }

  ManagedChannel channel(boolean withCertificate) throws SSLException {
    SslContextBuilder tls = SslContextBuilder.forClient().trustManager(new ControlPlaneOnly(root));
    if (withCertificate) {
      tls.keyManager(key.getPrivate(), chain.toArray(X509Certificate[]::new));
    }
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(control.toSocketAddress())
            .sslContext(
                GrpcSslContexts.configure(tls, SslProvider.OPENSSL).protocols("TLSv1.3").build())
            .build();
    channels.add(channel);
    return channel;
  }

  static X509Certificate decode(byte[] der) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  /** Checks the chain and the control plane's identity; there is no host name to compare. */
  private static final class ControlPlaneOnly extends X509ExtendedTrustManager {

    private final X509Certificate root;

    ControlPlaneOnly(X509Certificate root) {
      this.root = root;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      checkClientTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      checkServerTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("this is a client");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      try {
        for (int index = 0; index < chain.length; index++) {
          chain[index].checkValidity();
          chain[index].verify((index + 1 < chain.length ? chain[index + 1] : root).getPublicKey());
        }
      } catch (GeneralSecurityException e) {
        throw new CertificateException(e);
      }
      if (!chain[0]
          .getSubjectAlternativeNames()
          .toString()
          .contains("/ns/refmesh-system/sa/control-plane")) {
        throw new CertificateException(
            "not the control plane: " + chain[0].getSubjectAlternativeNames());
      }
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[] {root};
    }
  }
}
