package io.refmesh.control.admin;

import io.refmesh.control.build.RouteStatus;
import io.refmesh.control.publish.ProxyView;
import io.refmesh.control.registry.FaultPolicy;
import io.refmesh.control.registry.Problem;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.identity.SpiffeId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

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
    Trust trust,
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

    /**
     * @param ports of one service, one at least
     */
    public static Service of(List<Destination> ports) {
      List<Endpoint> all =
          ports.stream()
              .flatMap(port ->
                  Optional.ofNullable(port.backends().get(port.id())).stream()
                      .flatMap(backend -> backend.endpoints().stream())
                      .map(endpoint -> Endpoint.of(port.id().port(), endpoint)))
              .toList();
      return new Service(
          ports.getFirst().id().namespace(),
          ports.getFirst().id().service(),
          ports.stream().map(port -> port.id().port()).toList(),
          all.stream().filter(Endpoint::ready).map(Endpoint::address).distinct().toList(),
          all);
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
      int replica) {

    static Endpoint of(int servicePort, EndpointSpec endpoint) {
      return new Endpoint(
          servicePort,
          endpoint.address().toString(),
          endpoint.dial().toString(),
          endpoint.identity().map(SpiffeId::uri).orElse(""),
          endpoint.zone(),
          endpoint.ready(),
          endpoint.workload(),
          endpoint.replica());
    }
  }

  /**
   * @param state active or expired
   */
  public record Detour(String namespace, String name, String via, String state) {

    /**
     * @param ends empty when it has ended
     */
    public static Detour of(io.refmesh.control.registry.Detour detour, Optional<Instant> ends) {
      return new Detour(
          detour.metadata().namespace(),
          detour.metadata().name(),
          detour.via().toString(),
          stateUntil(ends));
    }
  }

  /**
   * @param ends empty when it has ended
   * @param state active or expired
   */
  public record Fault(String namespace, String name, String ends, String state) {

    /**
     * @param ends empty when it has ended
     */
    public static Fault of(FaultPolicy policy, Optional<Instant> ends) {
      return new Fault(
          policy.metadata().namespace(),
          policy.metadata().name(),
          ends.map(Instant::toString).orElse(""),
          stateUntil(ends));
    }
  }

  /**
   * Whom this replica trusts and under what it signs. Roots by the SHA-256 of their DER.
   *
   * @param own under which its own certificates stand, that of the webhooks too
   * @param forSeconds how long ago the roots became these
   */
  public record Trust(String leafRoot, List<String> own, List<String> roots, long forSeconds) {
    public Trust {
      own = List.copyOf(own);
      roots = List.copyOf(roots);
    }
  }

  private static String stateUntil(Optional<Instant> ends) {
    return ends.isPresent() ? "active" : "expired";
  }

  /**
   * @param workload {@code namespace/workload/replica}
   */
  public record Certificate(
      String workload, String identity, String serial, String notBefore, String notAfter) {}
}
