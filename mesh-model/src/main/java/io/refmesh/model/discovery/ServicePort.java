package io.refmesh.model.discovery;

/** One port of a service: what a route's backend names and what a proxy subscribes to. */
public record ServicePort(String namespace, String service, int port)
    implements Comparable<ServicePort> {

  public ServicePort {
    if (namespace.isEmpty() || service.isEmpty()) {
      throw new IllegalArgumentException(
          "service: " + namespace + "/" + service + " (expected: namespace/name)");
    }
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
    }
  }

  @Override
  public int compareTo(ServicePort other) {
    int order = namespace.compareTo(other.namespace);
    if (order == 0) {
      order = service.compareTo(other.service);
    }
    return order != 0 ? order : Integer.compare(port, other.port);
  }

  /** {@code cart.shop:8080}, as in logs and labels. */
  @Override
  public String toString() {
    return service + "." + namespace + ":" + port;
  }
}
