package io.refmesh.control.registry;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A name with ports, and the labels of the workloads behind it.
 *
 * @param addresses what calls to it are addressed to, of all families; empty where it has none of
 *     its own: in a folder, whose supervisor gives them out, and for a headless Service
 */
public record Service(
    Metadata metadata,
    Origin origin,
    Map<String, String> selector,
    List<Port> ports,
    List<String> addresses)
    implements Resource {

  public Service {
    selector = Map.copyOf(selector);
    ports = List.copyOf(ports);
    addresses = List.copyOf(addresses);
  }

  @Override
  public String kind() {
    return "Service";
  }

  /** Whether callers call the workloads behind it, each by its own address, and never the name. */
  public boolean headless() {
    return origin.equals(Origin.NO_FILE) && addresses.isEmpty();
  }

  /** The port with this number, if the service declares it. */
  public Optional<Port> port(int number) {
    return ports.stream().filter(port -> port.port() == number).findFirst();
  }

  /**
   * @param name empty when a service's only port has none
   * @param target where the workloads listen
   * @param appProtocol as written; empty when not given
   */
  public record Port(String name, int port, Target target, String appProtocol) {}

  /** A port of the workloads: by number, or by the name that each workload gives it. */
  public sealed interface Target {
    record Number(int port) implements Target {}

    record Name(String name) implements Target {}
  }
}
