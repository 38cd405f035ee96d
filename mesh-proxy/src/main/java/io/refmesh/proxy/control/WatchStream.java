package io.refmesh.proxy.control;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.refmesh.model.wire.v1.DiscoveryGrpc;
import io.refmesh.model.wire.v1.WatchRequest;
import io.refmesh.model.wire.v1.WatchResponse;
import org.jspecify.annotations.Nullable;

/**
 * One Watch stream on a connection of its own. One message is on its way at a time: the next is
 * asked for when the last has been dealt with. Calls come from the thread of {@link ControlClient};
 * what arrives is handed to that thread.
 */
final class WatchStream
    implements ClientResponseObserver<WatchRequest, WatchResponse>, AutoCloseable {

  /** Called on any thread; must not block. */
  interface Receiver {
    void received(WatchStream from, WatchResponse response);

    void ended(WatchStream from, Status status);
  }

  private final ManagedChannel channel;
  private final Receiver receiver;
  private @Nullable ClientCallStreamObserver<WatchRequest> requests;

  private WatchStream(ManagedChannel channel, Receiver receiver) {
    this.channel = channel;
    this.receiver = receiver;
  }

  /**
   * @param channel shut down with the stream
   */
  static WatchStream open(ManagedChannel channel, Receiver receiver) {
    WatchStream stream = new WatchStream(channel, receiver);
    DiscoveryGrpc.newStub(channel).watch(stream);
    return stream;
  }

  void send(WatchRequest request) {
    if (requests != null) {
      requests.onNext(request);
    }
  }

  /** The last message is dealt with. */
  void next() {
    if (requests != null) {
      requests.request(1);
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<WatchRequest> stream) {
    stream.disableAutoRequestWithInitial(1);
    requests = stream;
  }

  @Override
  public void onNext(WatchResponse response) {
    receiver.received(this, response);
  }

  @Override
  public void onError(Throwable failure) {
    receiver.ended(this, Status.fromThrowable(failure));
  }

  @Override
  public void onCompleted() {
    receiver.ended(this, Status.OK.withDescription("the control plane ended the stream"));
  }
}
