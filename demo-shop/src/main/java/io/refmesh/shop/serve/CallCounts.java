package io.refmesh.shop.serve;

import io.refmesh.shop.record.OutgoingCalls;
import java.util.concurrent.Executor;

/** Carries what happens to calls from their threads to the record on the event loop. */
public final class CallCounts {
  private final Executor loop;
  private final OutgoingCalls calls;

  public CallCounts(Executor loop, OutgoingCalls calls) {
    this.loop = loop;
    this.calls = calls;
  }

  void started(String service) {
    loop.execute(() -> calls.started(service));
  }

  void answered(String service, int status) {
    loop.execute(() -> calls.answered(service, status));
  }

  void failed(String service) {
    loop.execute(() -> calls.failed(service));
  }
}
