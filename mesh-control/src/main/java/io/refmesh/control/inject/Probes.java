package io.refmesh.control.inject;

import java.util.List;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the kubelet asks a pod. It has no identity, so a policy that demands one would keep every
 * pod from getting ready: the sidecar lets exactly these requests through. They stay as they are;
 * only the sidecar is told about them.
 *
 * <p>Checks that only connect would always find the sidecar: these ask it whether the application
 * takes connections. Checks over HTTPS end in the application; there is no path to let through.
 */
final class Probes {

  private static final String GRPC_CHECK = "/grpc.health.v1.Health/Check";
  private static final int HTTP_PORT = 80;

  private static final List<String> KINDS =
      List.of("startupProbe", "readinessProbe", "livenessProbe");

  private Probes() {}

  /**
   * @return {@code port/path} of each, in order, a blank between; empty for none
   */
  static String of(JsonNode podSpec) {
    TreeSet<String> probes = new TreeSet<>();
    for (String list : new String[] {"initContainers", "containers"}) {
      for (JsonNode container : podSpec.path(list)) {
        if (container.path("name").asString("").equals(SidecarContainers.PROXY)) {
          continue;
        }
        for (String probe : KINDS) {
          add(container.path(probe), container.path("ports"), probes);
        }
      }
    }
    return String.join(" ", probes);
  }

  /** Has checks that only connect ask the sidecar's admin port. */
  static void leadToSidecar(JsonPatch patch) {
    for (String list : new String[] {"initContainers", "containers"}) {
      // Where the container is in the pod that the patch has made so far.
      int index = 0;
      for (JsonNode container : patch.target().at("/spec/" + list)) {
        String path = "/spec/" + list + "/" + index++;
        for (String name : KINDS) {
          JsonNode tcp = container.path(name).path("tcpSocket");
          int port = tcp.hasNonNull("host") ? 0 : port(tcp.path("port"), container.path("ports"));
          if (tcp.isObject() && port > 0 && container.path(name) instanceof ObjectNode probe) {
            ObjectNode asked = probe.deepCopy();
            asked.remove("tcpSocket");
            asked
                .putObject("httpGet")
                .put("path", "/application/" + port)
                .put("port", SidecarContainers.ADMIN_PORT)
                .put("scheme", "HTTP");
            patch.put(path, name, asked);
          }
        }
      }
    }
  }

  private static void add(JsonNode probe, JsonNode ports, TreeSet<String> probes) {
    JsonNode http = probe.path("httpGet");
    // With a host it goes elsewhere.
    if (http.isObject()
        && !http.hasNonNull("host")
        && http.path("port").asInt(0) != SidecarContainers.ADMIN_PORT
        && http.path("scheme").asString("HTTP").equals("HTTP")) {
      int port = port(http.path("port"), ports);
      String path = http.path("path").asString("/");
      String absolute = path.startsWith("/") ? path : "/" + path;
      if (port > 0 && absolute.chars().noneMatch(c -> c <= ' ' || c > '~')) {
        probes.add(port + absolute);
      }
    }
    int grpc = probe.at("/grpc/port").asInt(0);
    if (grpc > 0) {
      probes.add(grpc + GRPC_CHECK);
    }
  }

  private static int port(JsonNode port, JsonNode ports) {
    if (port.isInt()) {
      return port.asInt();
    }
    String name = port.asString("");
    if (name.isEmpty()) {
      return HTTP_PORT;
    }
    if (name.chars().allMatch(Character::isDigit) && name.length() <= 5) {
      return Integer.parseInt(name);
    }
    return ports
        .valueStream()
        .filter(one -> one.path("name").asString("").equals(name))
        .mapToInt(one -> one.path("containerPort").asInt(0))
        .findFirst()
        .orElse(0);
  }
}
