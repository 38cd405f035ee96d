package io.refmesh.control.publish;

import io.grpc.Status;
import io.refmesh.model.wire.v1.WatchResponse;

/** The way to one proxy. Used on the writer thread only. */
interface ProxyStream {

  /** Whether a message would leave now; when it turns true again, the publisher is told. */
  boolean isReady();

  void send(WatchResponse response);

  void end(Status status);
}
