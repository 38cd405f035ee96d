package io.refmesh.control.admin;

import io.refmesh.control.build.RouteStatus;
import io.refmesh.control.publish.ProxyView;
import io.refmesh.control.registry.Problem;
import java.util.List;

/**
 * What {@code /state} answers, as JSON: everything that the control plane knows and what each proxy
 * has applied.
 *
 * @param certificates the newest that was issued to each workload
 */
public record StateView(
    String address,
    String trustDomain,
    String caNotAfter,
    List<Problem> problems,
    List<Service> services,
    List<RouteStatus> routes,
    List<Detour> detours,
    List<Fault> faults,
    List<Certificate> certificates,
    List<ProxyView> proxies) {

  public StateView {
    problems = List.copyOf(problems);
    services = List.copyOf(services);
    routes = List.copyOf(routes);
    detours = List.copyOf(detours);
    faults = List.copyOf(faults);
    certificates = List.copyOf(certificates);
    proxies = List.copyOf(proxies);
  }

  /**
   * @param endpoints addresses of those that are ready
   */
  public record Service(
      String namespace,
      String name,
      List<Integer> ports,
      List<String> endpoints,
      List<Endpoint> all) {
    public Service {
      ports = List.copyOf(ports);
      endpoints = List.copyOf(endpoints);
      all = List.copyOf(all);
    }
  }

  /**
   * @param dial differs from the address while a Detour holds
   * @param identity empty for an endpoint without sidecar
   */
  public record Endpoint(
      int servicePort,
      String address,
      String dial,
      String identity,
      String zone,
      boolean ready,
      String workload,
      int replica) {}

  /**
   * @param state active or expired
   */
  public record Detour(String namespace, String name, String via, String state) {}

  /**
   * @param ends empty when it has ended
   * @param state active or expired
   */
  public record Fault(String namespace, String name, String ends, String state) {}

  /**
   * @param workload {@code namespace/workload/replica}
   */
  public record Certificate(
      String workload, String identity, String serial, String notBefore, String notAfter) {}
}
