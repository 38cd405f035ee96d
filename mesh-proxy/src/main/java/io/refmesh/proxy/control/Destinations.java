package io.refmesh.proxy.control;

import io.refmesh.model.discovery.ServicePort;
import java.util.Optional;
import java.util.function.Consumer;

/** Where to ask for destinations: the control plane, or a fake of it. Safe on any thread. */
public interface Destinations {

  /** One watcher of one destination. */
  interface Subscription extends AutoCloseable {

    /**
     * The last state that was accepted; empty until the control plane has answered for the first
     * time.
     */
    Optional<DestinationState> state();

    /** The listener is not told any more. When it was the last, the control plane is told. */
    @Override
    void close();
  }

  /**
   * Watches a destination until the subscription is closed.
   *
   * @param listener told of each state, one at a time, on the control client's thread, where it may
   *     compile what it is given. An exception refuses the version: the control plane gets its
   *     message as a Nack and the last good state stays.
   */
  Subscription watch(ServicePort service, Consumer<DestinationState> listener);
}
