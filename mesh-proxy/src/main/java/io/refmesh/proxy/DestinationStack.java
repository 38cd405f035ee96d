package io.refmesh.proxy;

import io.refmesh.model.discovery.Destination;
import io.refmesh.proxy.http.HttpService;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One version of a destination, compiled: serves its requests on every event loop. A later version
 * takes its place whole; exchanges under way finish here. Whoever compiled it closes it after the
 * next one is in its place.
 */
public final class DestinationStack implements AutoCloseable {

  private final Destination destination;
  private final HttpService http;
  private final ConnectionRoutes connections;
  private final OutboundBackends backends;
  private final AtomicBoolean closed = new AtomicBoolean();

  DestinationStack(
      Destination destination,
      HttpService http,
      ConnectionRoutes connections,
      OutboundBackends backends) {
    this.destination = destination;
    this.http = http;
    this.connections = connections;
    this.backends = backends;
  }

  public Destination destination() {
    return destination;
  }

  /** What a request is handed to. */
  public HttpService http() {
    return http;
  }

  /** Where connections go that are not HTTP. */
  ConnectionRoutes connections() {
    return connections;
  }

  /** Gives back what is leased; exchanges under way still find what other stacks lease. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      backends.close();
    }
  }
}
