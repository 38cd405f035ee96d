package io.refmesh.local.status;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/**
 * A running mesh as {@code mesh status -o json} prints it; the names are a contract with scripts.
 */
public record MeshStatus(
    ControlPlane controlPlane,
    List<Workload> workloads,
    List<Service> services,
    List<Ejection> ejections,
    List<Problem> problems) {

  public MeshStatus {
    workloads = List.copyOf(workloads);
    services = List.copyOf(services);
    ejections = List.copyOf(ejections);
    problems = List.copyOf(problems);
  }

  /**
   * @param pid 0 while it is away
   */
  public record ControlPlane(long pid, String address, String trustDomain) {}

  /**
   * @param netns its network namespace; absent when it has none of its own
   */
  public record Workload(
      String namespace,
      String name,
      int replica,
      boolean ready,
      String zone,
      String identity,
      App app,
      Sidecar sidecar,
      @JsonInclude Certificate certificate,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) String netns) {}

  /**
   * @param pid 0 while it is being started again
   */
  public record App(long pid, String address, int restarts) {}

  public record Sidecar(long pid, String admin, String inbound) {}

  /**
   * @param serial hexadecimal; empty while the sidecar does not answer
   * @param notAfter ISO 8601; empty while the sidecar does not answer
   */
  public record Certificate(String serial, String notAfter) {
    static final Certificate UNKNOWN = new Certificate("", "");
  }

  public record Service(
      String namespace, String name, List<Integer> ports, List<String> endpoints) {
    public Service {
      ports = List.copyOf(ports);
      endpoints = List.copyOf(endpoints);
    }
  }

  /**
   * An endpoint that a sidecar does not call because it fails, but for probes.
   *
   * @param by {@code namespace/name-replica} of the caller
   * @param state ejected or probing
   * @param nextProbeMillis from now; 0 while it is being probed
   */
  public record Ejection(
      String by,
      String backend,
      String endpoint,
      String state,
      String reason,
      long nextProbeMillis) {}

  public record Problem(String object, String field, String message) {}
}
