package io.refmesh.proxy;

import io.refmesh.model.discovery.Destination;
import io.refmesh.proxy.balance.Selector;
import io.refmesh.proxy.endpoint.BackendEndpoints;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.HttpService;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One version of a destination, compiled: serves its requests on every event loop. A later version
 * takes its place whole; exchanges under way finish here. Whoever compiled it closes it after the
 * next one is in its place.
 */
public final class DestinationStack implements AutoCloseable {

  private final Destination destination;
  private final HttpService http;
  private final Optional<Selector> opaque;
  private final List<BackendEndpoints> leased;
  private final EndpointRegistry registry;
  private final AtomicBoolean closed = new AtomicBoolean();

  DestinationStack(
      Destination destination,
      HttpService http,
      Optional<Selector> opaque,
      List<BackendEndpoints> leased,
      EndpointRegistry registry) {
    this.destination = destination;
    this.http = http;
    this.opaque = opaque;
    this.leased = leased;
    this.registry = registry;
  }

  public Destination destination() {
    return destination;
  }

  /** What a request is handed to. */
  public HttpService http() {
    return http;
  }

  /** Chooses endpoints for opaque connections; empty when the service has no backend of its own. */
  public Optional<Selector> opaque() {
    return opaque;
  }

  /** Gives the endpoints back; exchanges under way still find those that other stacks lease. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      leased.forEach(registry::release);
    }
  }
}
