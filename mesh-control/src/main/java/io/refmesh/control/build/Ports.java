package io.refmesh.control.build;

import io.refmesh.control.registry.Annotations;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Instances.Port;
import io.refmesh.control.registry.Namespace;
import io.refmesh.control.registry.Service;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.ServicePort;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** Which workloads a service leads to, on which of their ports, and what is spoken there. */
final class Ports {

  /**
   * Servers that speak first or that looking into would only slow down: SMTP, MySQL, Galera,
   * PostgreSQL, Redis, Elasticsearch, memcached.
   */
  private static final Set<Integer> OPAQUE = Set.of(25, 587, 3306, 4444, 5432, 6379, 9300, 11_211);

  private final ClusterState state;
  private final Selection selection;
  private final Map<ServicePort, AppProtocol> ofServices = new HashMap<>();

  Ports(ClusterState state) {
    this.state = state;
    selection = new Selection(state);
  }

  /** The instances that a service leads to, in the state's order. */
  List<Instance> instances(Service service) {
    return selection.instances(service);
  }

  static boolean hasLabels(Instance instance, Map<String, String> labels) {
    return instance.labels().entrySet().containsAll(labels.entrySet());
  }

  /** Where this instance listens for a service's port; empty when it has no port of that name. */
  static OptionalInt target(Service.Port port, Instance instance) {
    return switch (port.target()) {
      case Service.Target.Number(int number) -> OptionalInt.of(number);
      case Service.Target.Name(String name) ->
          instance.ports().stream()
              .filter(p -> p.name().equals(name))
              .mapToInt(Port::port)
              .findFirst();
    };
  }

  /**
   * What a service's port says it speaks; when it says nothing, what all its workloads' ports say.
   */
  AppProtocol ofService(Service service, Service.Port port) {
    ServicePort id =
        new ServicePort(service.metadata().namespace(), service.metadata().name(), port.port());
    AppProtocol known = ofServices.get(id);
    if (known == null) {
      known = spoken(service, port);
      ofServices.put(id, known);
    }
    return known;
  }

  private AppProtocol spoken(Service service, Service.Port port) {
    if (listed(service.metadata().annotations(), port.port())) {
      return AppProtocol.OPAQUE;
    }
    if (!port.appProtocol().isEmpty()) {
      return AppProtocol.of(port.appProtocol());
    }
    List<AppProtocol> spoken =
        instances(service).stream()
            .map(instance -> ofInstance(instance, target(port, instance).orElse(0)))
            .distinct()
            .toList();
    if (spoken.size() == 1 && spoken.getFirst() != AppProtocol.DETECT) {
      return spoken.getFirst();
    }
    return OPAQUE.contains(port.port()) ? AppProtocol.OPAQUE : AppProtocol.DETECT;
  }

  /** What one instance's port speaks: its own word, then that of the services that lead there. */
  AppProtocol ofInbound(Instance instance, int number) {
    AppProtocol own = ofInstance(instance, number);
    if (own != AppProtocol.DETECT) {
      return own;
    }
    return servicesTo(instance, number).stream()
        .flatMap(service ->
            service.ports().stream()
                .filter(port -> target(port, instance).orElse(0) == number)
                .map(port -> ofService(service, port)))
        .filter(protocol -> protocol != AppProtocol.DETECT)
        .findFirst()
        .orElse(AppProtocol.DETECT);
  }

  /** The services that lead to one port of an instance, by name. */
  List<Service> servicesTo(Instance instance, int number) {
    return selection.services(instance).stream()
        .filter(service ->
            service.ports().stream().anyMatch(port -> target(port, instance).orElse(0) == number))
        .toList();
  }

  /**
   * Every port on which others may call an instance: what it declares and what services lead to.
   */
  Set<Integer> inbound(Instance instance) {
    Set<Integer> ports = new TreeSet<>();
    instance.ports().forEach(port -> ports.add(port.port()));
    for (Service service : selection.services(instance)) {
      service.ports().forEach(port -> target(port, instance).ifPresent(ports::add));
    }
    return ports;
  }

  private AppProtocol ofInstance(Instance instance, int number) {
    Namespace namespace = state.namespaces().get(instance.namespace());
    if (listed(instance.annotations(), number)
        || namespace != null
            && !instance.annotations().containsKey(Annotations.OPAQUE_PORTS)
            && listed(namespace.metadata().annotations(), number)) {
      return AppProtocol.OPAQUE;
    }
    AppProtocol declared =
        instance.ports().stream()
            .filter(port -> port.port() == number && !port.appProtocol().isEmpty())
            .findFirst()
            .map(port -> AppProtocol.of(port.appProtocol()))
            .orElse(AppProtocol.DETECT);
    return declared == AppProtocol.DETECT && OPAQUE.contains(number)
        ? AppProtocol.OPAQUE
        : declared;
  }

  private static boolean listed(Map<String, String> annotations, int number) {
    String ports = annotations.get(Annotations.OPAQUE_PORTS);
    return ports != null
        && Arrays.stream(ports.split(",", -1))
            .map(String::strip)
            .anyMatch(Integer.toString(number)::equals);
  }
}
