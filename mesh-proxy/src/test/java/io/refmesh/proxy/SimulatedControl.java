package io.refmesh.proxy;

import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.control.ControlListener;
import io.refmesh.proxy.control.DestinationState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A control plane in the thread of the simulation: what it says is applied when it returns. */
final class SimulatedControl implements Control {

  final ControlListener listener;
  private final List<Consumer<DestinationState>> watchers = new ArrayList<>();
  private @Nullable DestinationState state;
  private long version;

  SimulatedControl(ControlListener listener) {
    this.listener = listener;
  }

  /** The one destination that this control plane knows. */
  void tell(Destination destination) {
    state = new DestinationState.Known(++version, destination);
    List.copyOf(watchers).forEach(watcher -> watcher.accept(state));
  }

  @Override
  public Subscription watch(ServicePort service, Consumer<DestinationState> told) {
    watchers.add(told);
    if (state != null) {
      told.accept(state);
    }
    return new Subscription() {
      @Override
      public Optional<DestinationState> state() {
        return Optional.ofNullable(state);
      }

      @Override
      public void close() {
        watchers.remove(told);
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
