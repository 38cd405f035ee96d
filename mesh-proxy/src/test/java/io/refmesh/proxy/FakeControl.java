package io.refmesh.proxy;

import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.proxy.control.ControlListener;
import io.refmesh.proxy.control.DestinationState;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * A control plane in the same process: says what the test tells it to say, on a thread of its own.
 */
final class FakeControl implements Control {

  private final ControlListener listener;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());
  private final Map<ServicePort, DestinationState> states = new TreeMap<>();
  private final Map<ServicePort, List<Consumer<DestinationState>>> watchers = new TreeMap<>();
  private final Map<HostPort, AddressState> addresses = new HashMap<>();
  private long version;
  private volatile boolean certified;
  private volatile boolean configured;

  /** Every subscription and its end, in order: {@code +cart.shop:8080}, {@code -cart.shop:8080}. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  FakeControl(ControlListener listener) {
    this.listener = listener;
  }

  /** Returns when the proxy has taken it. */
  void certificate(WorkloadCertificate certificate) {
    run(() -> listener.certificate(certificate));
    certified = true;
  }

  void workload(WorkloadConfig config) {
    run(() -> listener.workload(config));
    configured = true;
  }

  void destination(Destination destination) {
    run(() -> tell(destination.id(), new DestinationState.Known(++version, destination)));
  }

  void notFound(ServicePort id, String reason) {
    run(() -> tell(id, new DestinationState.NotFound(++version, reason)));
  }

  private void tell(ServicePort id, DestinationState state) {
    states.put(id, state);
    watchers.getOrDefault(id, List.of()).forEach(watcher -> watcher.accept(state));
  }

  @Override
  public Subscription watch(ServicePort service, Consumer<DestinationState> told) {
    asked.add("+" + service);
    thread.execute(() -> {
      watchers.computeIfAbsent(service, id -> new ArrayList<>()).add(told);
      DestinationState state = states.get(service);
      if (state != null) {
        told.accept(state);
      }
    });
    return new Subscription() {
      @Override
      public Optional<DestinationState> state() {
        return Optional.empty();
      }

      @Override
      public void close() {
        asked.add("-" + service);
        if (!thread.isShutdown()) {
          thread.execute(() -> watchers.getOrDefault(service, new ArrayList<>()).remove(told));
        }
      }
    };
  }

  /** What is at an address; everything else is outside. */
  void address(HostPort address, AddressState state) {
    run(() -> addresses.put(address, state));
  }

  @Override
  public Watch watch(HostPort address, Consumer<AddressState> told) {
    asked.add("+" + address);
    thread.execute(() -> told.accept(addresses.getOrDefault(address, new AddressState.Outside())));
    return () -> asked.add("-" + address);
  }

  @Override
  public void start() {}

  @Override
  public Map<ServicePort, DestinationState> destinations() {
    return Map.of();
  }

  @Override
  public boolean connected() {
    return true;
  }

  @Override
  public List<String> missing() {
    List<String> missing = new ArrayList<>();
    if (!certified) {
      missing.add("certificate: none yet");
    }
    if (!configured) {
      missing.add("configuration: none yet");
    }
    return missing;
  }

  @Override
  public void close() {
    thread.shutdown();
  }

  private void run(Runnable task) {
    Future<?> done = thread.submit(task);
    try {
      done.get();
    } catch (Exception e) {
      throw new AssertionError("the proxy refused it", e);
    }
  }
}
