package io.refmesh.proxy;

import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.control.Addresses;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is at the addresses that the application calls: asked for when a connection to one comes,
 * kept for a while after the last. Asked on any thread; answers come on the control plane's.
 */
final class OutboundAddresses implements AutoCloseable {

  private static final Duration KEPT = Duration.ofSeconds(5);

  /** An application that scans a network must not fill the control plane's memory or ours. */
  private static final int ADDRESSES_MAX = 4096;

  private final Addresses addresses;
  private final ProxyMetrics metrics;
  private final EventLoop timers;

  // Guarded by this.
  private final Map<HostPort, Entry> entries = new HashMap<>();
  private boolean closed;

  private static final class Entry {
    final List<Consumer<AddressState>> waiting = new ArrayList<>();
    Addresses.@Nullable Watch watch;
    @Nullable AddressState state;
    long uses;
  }

  /**
   * @param timers a loop that carries no traffic
   */
  OutboundAddresses(Addresses addresses, ProxyMetrics metrics, EventLoop timers) {
    this.addresses = addresses;
    this.metrics = metrics;
    this.timers = timers;
  }

  /**
   * What is known already; otherwise {@code told} runs once when the control plane has answered,
   * which may be never. Empty and never told when too many addresses are asked for.
   */
  Optional<AddressState> ask(HostPort address, Consumer<AddressState> told) {
    Entry entry;
    synchronized (this) {
      Entry known = entries.get(address);
      if (known == null && (closed || entries.size() >= ADDRESSES_MAX)) {
        metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "captured addresses").increment();
        return Optional.empty();
      }
      entry = known == null ? new Entry() : known;
      entries.put(address, entry);
      long use = ++entry.uses;
      timers.schedule(() -> forget(address, use), KEPT.toMillis(), TimeUnit.MILLISECONDS);
      if (entry.state != null) {
        return Optional.of(entry.state);
      }
      entry.waiting.add(told);
      if (known == null) {
        entry.watch = addresses.watch(address, state -> answered(entry, state));
      }
    }
    return Optional.empty();
  }

  @Override
  public synchronized void close() {
    closed = true;
    entries.values().forEach(OutboundAddresses::end);
    entries.clear();
  }

  private void answered(Entry entry, AddressState state) {
    List<Consumer<AddressState>> waiting;
    synchronized (this) {
      entry.state = state;
      waiting = List.copyOf(entry.waiting);
      entry.waiting.clear();
    }
    waiting.forEach(told -> told.accept(state));
  }

  private synchronized void forget(HostPort address, long use) {
    Entry entry = entries.get(address);
    if (entry != null && entry.uses == use && !closed) {
      entries.remove(address);
      end(entry);
    }
  }

  private static void end(Entry entry) {
    if (entry.watch != null) {
      entry.watch.close();
    }
  }
}
