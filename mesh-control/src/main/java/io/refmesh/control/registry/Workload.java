package io.refmesh.control.registry;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Local mode's Deployment: a process to run, how often, with which identity and ports. */
public record Workload(
    Metadata metadata,
    Origin origin,
    List<String> command,
    Map<String, String> env,
    String serviceAccount,
    int replicas,
    List<String> zones,
    List<Port> ports,
    Optional<HttpCheck> readiness,
    Sidecar sidecar)
    implements Resource {

  public Workload {
    command = List.copyOf(command);
    env = Map.copyOf(env);
    zones = List.copyOf(zones);
    ports = List.copyOf(ports);
  }

  @Override
  public String kind() {
    return "Workload";
  }

  /** The zone of one replica: zones are dealt out in turn; empty when none are given. */
  public String zone(int replica) {
    return zones.isEmpty() ? "" : zones.get(replica % zones.size());
  }

  /** Annotations of the object with those of its sidecar over them. */
  public Map<String, String> annotations() {
    Map<String, String> all = new TreeMap<>(metadata.annotations());
    all.putAll(sidecar.annotations());
    return Map.copyOf(all);
  }

  /**
   * @param appProtocol as written; empty when not given
   */
  public record Port(String name, int port, String appProtocol) {}

  public record HttpCheck(String path, int port) {}

  public record Sidecar(String profile, Map<String, String> annotations) {
    public static final Sidecar STANDARD = new Sidecar("standard", Map.of());

    public Sidecar {
      annotations = Map.copyOf(annotations);
    }
  }
}
