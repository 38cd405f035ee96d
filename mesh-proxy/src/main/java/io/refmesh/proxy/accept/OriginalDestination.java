package io.refmesh.proxy.accept;

import io.netty.channel.Channel;
import java.util.Optional;

/**
 * Finds out what an accepted connection was meant for, before it came to the proxy. Called on the
 * event loop of the connection.
 */
public interface OriginalDestination {

  /** Empty when it was meant for the proxy itself: relaying it would be a loop. */
  Optional<Target> of(Channel accepted);
}
