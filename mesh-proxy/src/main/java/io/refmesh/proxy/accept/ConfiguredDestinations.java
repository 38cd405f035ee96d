package io.refmesh.proxy.accept;

import io.netty.channel.Channel;
import io.refmesh.model.discovery.HostPort;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Local mode: nothing is redirected, so the listener's own address says what a connection was meant
 * for. Entries are set before their listener is bound. Safe on any thread.
 */
public final class ConfiguredDestinations implements OriginalDestination {

  private final Map<HostPort, Target> targets = new ConcurrentHashMap<>();

  public void put(HostPort listener, Target target) {
    targets.put(listener, target);
  }

  public void remove(HostPort listener) {
    targets.remove(listener);
  }

  /** What a listener stands for; for choosing endpoints that would lead back here. */
  public Optional<Target> at(HostPort listener) {
    return Optional.ofNullable(targets.get(listener));
  }

  @Override
  public Optional<Target> of(Channel accepted) {
    return accepted.localAddress() instanceof InetSocketAddress local
        ? at(new HostPort(local.getAddress().getHostAddress(), local.getPort()))
        : Optional.empty();
  }
}
