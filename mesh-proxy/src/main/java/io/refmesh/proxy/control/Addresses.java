package io.refmesh.proxy.control;

import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.HostPort;
import java.util.function.Consumer;

/**
 * Where to ask what is at an address that a captured connection was meant for. Safe on any thread.
 */
public interface Addresses {

  /** One watcher of one address. */
  interface Watch extends AutoCloseable {

    /** The listener is not told any more. When it was the last, the control plane is told. */
    @Override
    void close();
  }

  /**
   * Watches an address until the watch is closed.
   *
   * @param listener told of each state, one at a time, on the control client's thread
   */
  Watch watch(HostPort address, Consumer<AddressState> listener);
}
