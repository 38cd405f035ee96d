package io.refmesh.proxy;

import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.control.ControlListener;
import io.refmesh.proxy.control.DestinationState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A control plane in the thread of the simulation: what it says is applied when it returns. */
final class SimulatedControl implements Control {

  final ControlListener listener;
  private final Map<ServicePort, Known> known = new HashMap<>();
  private long version;

  SimulatedControl(ControlListener listener) {
    this.listener = listener;
  }

  void tell(Destination destination) {
    Known told = of(destination.id());
    DestinationState state = new DestinationState.Known(++version, destination);
    told.state = state;
    List.copyOf(told.watchers).forEach(watcher -> watcher.accept(state));
  }

  private Known of(ServicePort service) {
    return known.computeIfAbsent(service, name -> new Known());
  }

  private static final class Known {
    final List<Consumer<DestinationState>> watchers = new ArrayList<>();
    @Nullable DestinationState state;
  }

  @Override
  public Subscription watch(ServicePort service, Consumer<DestinationState> told) {
    Known watched = of(service);
    watched.watchers.add(told);
    if (watched.state != null) {
      told.accept(watched.state);
    }
    return new Subscription() {
      @Override
      public Optional<DestinationState> state() {
        return Optional.ofNullable(watched.state);
      }

      @Override
      public void close() {
        watched.watchers.remove(told);
      }
    };
  }

  @Override
  public Watch watch(HostPort address, Consumer<AddressState> told) {
    throw new AssertionError("nothing is redirected here, and yet somebody asks for " + address);
  }

  @Override
  public void start() {}

  @Override
  public Map<ServicePort, DestinationState> destinations() {
    return new TreeMap<>();
  }

  @Override
  public boolean connected() {
    return true;
  }

  @Override
  public List<String> missing() {
    return List.of();
  }

  @Override
  public void close() {}
}
