package io.refmesh.control.kubernetes;

import io.refmesh.control.registry.Annotations;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Instances.Port;
import io.refmesh.control.registry.IpAddresses;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * What is kept of a pod that has an address.
 *
 * <p>Endpoints are taken from pods rather than from EndpointSlices: those are made from the same
 * conditions, later, and say nothing of labels, service account or sidecar, so pods would be needed
 * beside them.
 *
 * @param node empty before it has one
 * @param hostNetwork it has the address of its node, as others may
 * @param terminating it was asked to end
 */
record Pod(
    String namespace,
    String name,
    Instant created,
    Map<String, String> labels,
    Map<String, String> annotations,
    String serviceAccount,
    String node,
    boolean hostNetwork,
    String address,
    boolean ready,
    boolean terminating,
    boolean injected,
    List<Port> ports) {

  /** The injector's container. */
  private static final String SIDECAR = "refmesh-proxy";

  Pod {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    ports = List.copyOf(ports);
  }

  /**
   * Empty for one that takes no calls: without address yet, or ended, whose address may be
   * another's.
   */
  static Optional<Pod> read(JsonNode pod) {
    JsonNode spec = pod.path("spec");
    JsonNode status = pod.path("status");
    Optional<String> address = IpAddresses.maybeCanonical(status.path("podIP").asString(""));
    String phase = status.path("phase").asString("");
    if (address.isEmpty() || phase.equals("Succeeded") || phase.equals("Failed")) {
      return Optional.empty();
    }
    JsonNode metadata = pod.path("metadata");
    Map<String, String> annotations = Metadatas.annotations(metadata);
    boolean injected = "true".equals(annotations.get(Annotations.INJECTED));
    // What was asked for gives way to what was done.
    annotations.put(Annotations.INJECT, injected ? "enabled" : "disabled");
    return Optional.of(
        new Pod(
            metadata.path("namespace").asString(""),
            metadata.path("name").asString(""),
            Metadatas.created(metadata),
            Metadatas.texts(metadata.path("labels")),
            annotations,
            spec.path("serviceAccountName").asString("default"),
            spec.path("nodeName").asString(""),
            spec.path("hostNetwork").asBoolean(false),
            address.get(),
            ready(status),
            metadata.hasNonNull("deletionTimestamp"),
            injected,
            ports(spec)));
  }

  /**
   * As local mode's processes are told. Calls to its address are led to it alone, unless it shares
   * the address with its node.
   */
  Instance instance(Map<String, String> zones) {
    return new Instance(
        namespace,
        name,
        0,
        labels,
        serviceAccount,
        zones.getOrDefault(node, ""),
        address,
        "",
        ready,
        terminating,
        ports,
        annotations,
        List.of(),
        !hostNetwork);
  }

  private static boolean ready(JsonNode status) {
    return elements(status.path("conditions"))
        .anyMatch(condition ->
            condition.path("type").asString("").equals("Ready")
                && condition.path("status").asString("").equals("True"));
  }

  private static List<Port> ports(JsonNode spec) {
    List<Port> ports = new ArrayList<>();
    // Init containers that stay are sidecars, and may serve as well.
    Stream.concat(
            elements(spec.path("containers")),
            elements(spec.path("initContainers"))
                .filter(container -> container.path("restartPolicy").asString("").equals("Always")))
        .filter(container -> !container.path("name").asString("").equals(SIDECAR))
        .flatMap(container -> elements(container.path("ports")))
        .filter(port -> port.path("protocol").asString("TCP").equals("TCP"))
        .forEach(port -> {
          int number = port.path("containerPort").asInt(0);
          if (number >= 1 && number <= 65_535) {
            ports.add(new Port(port.path("name").asString(""), number, ""));
          }
        });
    return ports;
  }

  private static Stream<JsonNode> elements(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  /** Of several pods with one address, of which all but one are on their way out, that one. */
  static Pod living(Pod one, Pod other) {
    if (one.terminating != other.terminating) {
      return one.terminating ? other : one;
    }
    return one.created.isBefore(other.created) ? other : one;
  }
}
