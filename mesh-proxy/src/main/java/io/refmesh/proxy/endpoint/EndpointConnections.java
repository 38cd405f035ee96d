package io.refmesh.proxy.endpoint;

import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.client.Upstream;
import io.refmesh.proxy.http.client.Upstreams;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The HTTP connections to one endpoint, one {@link Upstream} for each event loop that has called
 * it. Safe on any thread; an upstream is used and closed on its own loop only.
 *
 * <p>Closing races with a last exchange. The story: (1) a loop picks the endpoint; (2) another
 * thread closes; (3) the loop asks for its upstream. If it is there already, its closing has been
 * handed to the loop as a task and runs after the exchange was handed over; if it is not, it is
 * opened, found to be closed, and the loop gives itself that task. Either way the exchange is
 * served and the connection ends after it.
 */
final class EndpointConnections {

  private final EndpointSpec spec;
  private final AppProtocol protocol;
  private final BackendSettings settings;
  private final Upstreams upstreams;
  private final ConcurrentHashMap<EventLoop, Upstream> byLoop = new ConcurrentHashMap<>();
  private volatile boolean closed;

  EndpointConnections(
      EndpointSpec spec, AppProtocol protocol, BackendSettings settings, Upstreams upstreams) {
    this.spec = spec;
    this.protocol = protocol;
    this.settings = settings;
    this.upstreams = upstreams;
  }

  /** Whether these connections do for an endpoint described like this. */
  boolean fit(EndpointSpec other, AppProtocol otherProtocol, BackendSettings otherSettings) {
    return spec.dial().equals(other.dial())
        && protocol == otherProtocol
        && settings.connectTimeout().equals(otherSettings.connectTimeout())
        && settings.limits().equals(otherSettings.limits());
  }

  /** On the given loop. */
  Upstream on(EventLoop loop) {
    Upstream upstream = byLoop.get(loop);
    if (upstream == null) {
      upstream = byLoop.computeIfAbsent(loop, l -> upstreams.open(spec, protocol, settings, l));
      if (closed) {
        close(loop);
      }
    }
    return upstream;
  }

  /** Lets exchanges under way finish; idle connections close now. */
  void close() {
    closed = true;
    byLoop.keySet().forEach(this::close);
  }

  private void close(EventLoop loop) {
    loop.execute(() -> {
      Upstream upstream = byLoop.remove(loop);
      if (upstream != null) {
        upstream.close();
      }
    });
  }
}
