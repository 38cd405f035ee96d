package io.refmesh.local;

import io.refmesh.control.registry.MeshConfig;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** How the sidecar of a replica is started: command and environment. */
final class Sidecar {

  static final int ADMIN_PORT = 4191;
  static final int TAP_PORT = 4190;

  /** Annotations that are settings of the sidecar process. */
  private static final Map<String, String> BY_ANNOTATION =
      Map.of(
          "refmesh.io/access-log", "REFMESH_ACCESS_LOG",
          "refmesh.io/log-level", "REFMESH_LOG_LEVEL",
          "refmesh.io/drain-timeout", "REFMESH_DRAIN_TIMEOUT",
          "refmesh.io/drain-announce", "REFMESH_DRAIN_ANNOUNCE");

  private Sidecar() {}

  static List<String> command(RefmeshHome home, Replica replica) throws IOException {
    String profile =
        replica.annotations().getOrDefault("refmesh.io/proxy-profile", replica.profile());
    return home.command("mesh-proxy", List.of("@" + home.launchOptions(profile)));
  }

  /**
   * @param mesh settings of every sidecar that says nothing else
   * @param inbound address of the sidecar
   * @param application address of the application
   */
  static Map<String, String> environment(
      Replica replica,
      MeshConfig.Proxy mesh,
      String identity,
      String inbound,
      String application,
      String controlAddress,
      String controlIdentity,
      String roots,
      String token) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put(
        "REFMESH_WORKLOAD", replica.namespace() + "/" + replica.workload() + "/" + replica.index());
    environment.put("REFMESH_IDENTITY", identity);
    environment.put("REFMESH_ZONE", replica.zone());
    environment.put("REFMESH_CONTROL", controlAddress);
    environment.put("REFMESH_CONTROL_IDENTITY", controlIdentity);
    environment.put("REFMESH_TRUST_ROOTS", roots);
    environment.put("REFMESH_TOKEN_FILE", token);
    environment.put("REFMESH_ADMIN", inbound + ":" + ADMIN_PORT);
    environment.put("REFMESH_TAP", inbound + ":" + TAP_PORT);
    environment.put("REFMESH_INBOUND", inbound);
    environment.put("REFMESH_APPLICATION", application);
    environment.put(
        "REFMESH_PORTS",
        replica.ports().stream()
            .map(port ->
                port.port() + (port.appProtocol().isEmpty() ? "" : "=" + port.appProtocol()))
            .collect(Collectors.joining(",")));
    environment.put("REFMESH_ACCESS_LOG", mesh.accessLog());
    environment.put("REFMESH_DRAIN_TIMEOUT", mesh.drainTimeout().toSeconds() + "s");
    MeshConfig.Telemetry telemetry = mesh.telemetry();
    putUnlessEmpty(environment, "REFMESH_OTLP_ENDPOINT", telemetry.tracingEndpoint());
    environment.put("REFMESH_TRACE_SAMPLE", Integer.toString(telemetry.samplePercent()));
    putUnlessEmpty(environment, "REFMESH_REDACT_QUERY", String.join(",", telemetry.redactQuery()));
    putUnlessEmpty(
        environment, "REFMESH_REDACT_HEADERS", String.join(",", telemetry.redactHeaders()));
    putUnlessEmpty(
        environment, "REFMESH_TAP_IDENTITIES", String.join(",", telemetry.tapIdentities()));
    BY_ANNOTATION.forEach((annotation, setting) -> {
      String value = replica.annotations().get(annotation);
      if (value != null) {
        environment.put(setting, value);
      }
    });
    return environment;
  }

  private static void putUnlessEmpty(Map<String, String> environment, String name, String value) {
    if (!value.isEmpty()) {
      environment.put(name, value);
    }
  }
}
