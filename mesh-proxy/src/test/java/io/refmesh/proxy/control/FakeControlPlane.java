package io.refmesh.proxy.control;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.refmesh.model.wire.v1.CertifyRequest;
import io.refmesh.model.wire.v1.CertifyResponse;
import io.refmesh.model.wire.v1.DiscoveryGrpc;
import io.refmesh.model.wire.v1.Holding;
import io.refmesh.model.wire.v1.IdentityGrpc;
import io.refmesh.model.wire.v1.WatchRequest;
import io.refmesh.model.wire.v1.WatchResponse;
import io.refmesh.testkit.TestCa;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** A control plane that says what the test wants, over real TLS on a real socket. */
final class FakeControlPlane implements AutoCloseable {

  static final String IDENTITY = "spiffe://cluster.local/ns/refmesh-system/sa/control-plane";

  private static final Context.Key<String> PEER = Context.key("peer");

  final TestCa ca;
  final BlockingQueue<WatchRequest> requests = new LinkedBlockingQueue<>();
  final BlockingQueue<Holding> holdings = new LinkedBlockingQueue<>();
  final AtomicInteger certified = new AtomicInteger();
  volatile String token = "good";
  volatile Duration renewAfter = Duration.ofHours(1);
  volatile InstantSource clock = InstantSource.system();
  volatile @Nullable StreamObserver<WatchResponse> stream;
  private final TestCa.Leaf leaf;
  private @Nullable Server server;
  private int port;

  FakeControlPlane(TestCa ca, TestCa.Leaf leaf) {
    this.ca = ca;
    this.leaf = leaf;
  }

  /** Starts, or starts again on the port it had. */
  FakeControlPlane start() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .sslContext(
                GrpcSslContexts.configure(
                        SslContextBuilder.forServer(
                            leaf.key(), leaf.chain().toArray(X509Certificate[]::new)),
                        SslProvider.OPENSSL)
                    .protocols("TLSv1.3")
                    .trustManager(ca.root())
                    .clientAuth(ClientAuth.OPTIONAL)
                    .build())
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .intercept(new Peer())
            .addService(new FakeIdentity())
            .addService(new FakeDiscovery())
            .build()
            .start();
    port = server.getPort();
    return this;
  }

  int port() {
    return port;
  }

  void push(WatchResponse response) {
    StreamObserver<WatchResponse> to = stream;
    if (to == null) {
      throw new IllegalStateException("no proxy is connected (expected: one that has said Hello)");
    }
    to.onNext(response);
  }

  /** The next request of the proxy; fails when none comes. */
  WatchRequest next() throws InterruptedException {
    WatchRequest request = requests.poll(10, TimeUnit.SECONDS);
    if (request == null) {
      throw new AssertionError("the proxy sent nothing for 10 s");
    }
    return request;
  }

  void stop() throws InterruptedException {
    if (server != null) {
      server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
    stream = null;
  }

  @Override
  public void close() throws InterruptedException {
    stop();
  }

  private final class FakeIdentity extends IdentityGrpc.IdentityImplBase {
    @Override
    public void certify(CertifyRequest request, StreamObserver<CertifyResponse> answer) {
      if (!request.getToken().equals(token)) {
        answer.onError(
            Status.UNAUTHENTICATED
                .withDescription("token is not of this mesh")
                .asRuntimeException());
        return;
      }
      certified.incrementAndGet();
      Instant now = clock.instant();
      try {
        X509Certificate certificate =
            ca.certify(
                request.getCsr().toByteArray(),
                request.getIdentity(),
                now.minusSeconds(20),
                now.plus(Duration.ofHours(2)));
        answer.onNext(
            CertifyResponse.newBuilder()
                .addChain(ByteString.copyFrom(certificate.getEncoded()))
                .addTrustRoots(ByteString.copyFrom(ca.root().getEncoded()))
                .setRenewAtEpochMillis(now.plus(renewAfter).toEpochMilli())
                .build());
        answer.onCompleted();
      } catch (java.security.GeneralSecurityException e) {
        answer.onError(e);
      }
    }
  }

  private final class FakeDiscovery extends DiscoveryGrpc.DiscoveryImplBase {
    @Override
    public StreamObserver<WatchRequest> watch(StreamObserver<WatchResponse> answers) {
      if (PEER.get() == null) {
        answers.onError(
            Status.UNAUTHENTICATED.withDescription("no client certificate").asRuntimeException());
      } else {
        stream = answers;
      }
      return new StreamObserver<>() {
        @Override
        public void onNext(WatchRequest request) {
          if (request.hasHolding()) {
            holdings.add(request.getHolding());
          } else {
            requests.add(request);
          }
        }

        @Override
        public void onError(Throwable failure) {
          // The proxy went away: tests look at what comes next.
        }

        @Override
        public void onCompleted() {
          answers.onCompleted();
        }
      };
    }
  }

  private static final class Peer implements ServerInterceptor {
    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
        ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
      SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
      String peer = null;
      try {
        if (session != null) {
          peer =
              ((X509Certificate) session.getPeerCertificates()[0]).getSerialNumber().toString(16);
        }
      } catch (javax.net.ssl.SSLPeerUnverifiedException e) {
        // Stays without: Certify needs no client certificate.
      }
      return Contexts.interceptCall(
          peer == null ? Context.current() : Context.current().withValue(PEER, peer),
          call,
          headers,
          next);
    }
  }
}
