package io.refmesh.control.publish;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.refmesh.control.identity.Peer;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.DiscoveryGrpc;
import io.refmesh.model.wire.v1.WatchRequest;
import io.refmesh.model.wire.v1.WatchResponse;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Joins the gRPC streams of proxies to the {@link Publisher}. Its callbacks hand everything to the
 * writer thread; a proxy's next request is asked for when the last was dealt with, so each stream
 * has at most one of each kind of event waiting there.
 */
public final class DiscoveryService extends DiscoveryGrpc.DiscoveryImplBase {

  /** Streams at once; more proxies than one control plane is for. */
  private static final int STREAMS_MAX = 10_000;

  private final Publisher publisher;
  private final Executor writer;
  private final AtomicInteger streams = new AtomicInteger();

  /**
   * @param writer runs what it is given one after the other, on the thread that owns the publisher
   */
  public DiscoveryService(Publisher publisher, Executor writer) {
    this.publisher = publisher;
    this.writer = writer;
  }

  @Override
  public StreamObserver<WatchRequest> watch(StreamObserver<WatchResponse> responses) {
    ServerCallStreamObserver<WatchResponse> calls =
        (ServerCallStreamObserver<WatchResponse>) responses;
    Optional<SpiffeId> identity = Peer.current().identity();
    if (identity.isEmpty()) {
      return refused(
          calls,
          Status.UNAUTHENTICATED.withDescription(
              "no client certificate with an identity (expected: the certificate that Certify gives)"));
    }
    if (streams.incrementAndGet() > STREAMS_MAX) {
      streams.decrementAndGet();
      return refused(
          calls,
          Status.RESOURCE_EXHAUSTED.withDescription("more than " + STREAMS_MAX + " proxies"));
    }
    Stream stream = new Stream(calls, identity.get());
    calls.disableAutoRequest();
    calls.setOnReadyHandler(stream::ready);
    calls.setOnCancelHandler(stream::gone);
    calls.setOnCloseHandler(stream::gone);
    writer.execute(stream::open);
    return stream;
  }

  private static StreamObserver<WatchRequest> refused(
      ServerCallStreamObserver<WatchResponse> calls, Status status) {
    calls.onError(status.asRuntimeException());
    return new StreamObserver<>() {
      @Override
      public void onNext(WatchRequest request) {}

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {}
    };
  }

  private final class Stream implements StreamObserver<WatchRequest>, ProxyStream {

    private final ServerCallStreamObserver<WatchResponse> calls;
    private final SpiffeId identity;
    private final AtomicBoolean readyWaits = new AtomicBoolean();
    private final AtomicBoolean gone = new AtomicBoolean();
    // Writer thread only.
    private @Nullable Session session;
    private boolean ended;

    Stream(ServerCallStreamObserver<WatchResponse> calls, SpiffeId identity) {
      this.calls = calls;
      this.identity = identity;
    }

    void open() {
      session = publisher.connected(this, identity);
      calls.request(1);
    }

    void ready() {
      if (readyWaits.compareAndSet(false, true)) {
        writer.execute(() -> {
          readyWaits.set(false);
          if (session != null) {
            publisher.ready(session);
          }
        });
      }
    }

    void gone() {
      if (gone.compareAndSet(false, true)) {
        streams.decrementAndGet();
        writer.execute(() -> {
          ended = true;
          if (session != null) {
            publisher.disconnected(session);
          }
        });
      }
    }

    @Override
    public void onNext(WatchRequest request) {
      writer.execute(() -> {
        if (session != null) {
          publisher.received(session, request);
        }
        if (!ended) {
          calls.request(1);
        }
      });
    }

    @Override
    public void onError(Throwable failure) {
      gone();
    }

    @Override
    public void onCompleted() {
      writer.execute(() -> end(Status.OK));
      gone();
    }

    @Override
    public boolean isReady() {
      return !ended && calls.isReady();
    }

    @Override
    public void send(WatchResponse response) {
      if (!ended) {
        calls.onNext(response);
      }
    }

    @Override
    public void end(Status status) {
      if (!ended) {
        ended = true;
        if (status.isOk()) {
          calls.onCompleted();
        } else {
          calls.onError(status.asRuntimeException());
        }
      }
    }
  }
}
