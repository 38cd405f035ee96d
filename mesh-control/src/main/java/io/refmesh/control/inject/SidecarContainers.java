package io.refmesh.control.inject;

import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Quantities;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The containers and volumes that a pod gets. */
final class SidecarContainers {

  static final String INIT = "refmesh-init";
  static final String PROXY = "refmesh-proxy";
  static final long UID = 2102;

  private static final String TOKEN_VOLUME = "refmesh-token";
  private static final String ROOTS_VOLUME = "refmesh-roots";
  static final Set<String> VOLUMES = Set.of(TOKEN_VOLUME, ROOTS_VOLUME);

  private static final String TOKEN_FOLDER = "/var/run/refmesh/token";
  private static final String ROOTS_FOLDER = "/var/run/refmesh/roots";
  private static final String AUDIENCE = "refmesh.io";

  /** The kubelet replaces the token when four fifths of this have passed. */
  private static final int TOKEN_SECONDS = 3600;

  static final int ADMIN_PORT = 4191;
  private static final int TAP_PORT = 4190;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final InjectSettings settings;
  private final PodSettings pod;

  SidecarContainers(InjectSettings settings, PodSettings pod) {
    this.settings = settings;
    this.pod = pod;
  }

  ObjectNode tokenVolume() {
    ObjectNode volume = JSON.objectNode();
    volume.put("name", TOKEN_VOLUME);
    volume
        .putObject("projected")
        .putArray("sources")
        .addObject()
        .putObject("serviceAccountToken")
        .put("audience", AUDIENCE)
        .put("expirationSeconds", TOKEN_SECONDS)
        .put("path", "token");
    return volume;
  }

  ObjectNode rootsVolume() {
    ObjectNode volume = JSON.objectNode();
    volume.put("name", ROOTS_VOLUME);
    ObjectNode item = volume.putObject("downwardAPI").putArray("items").addObject();
    item.put("path", "ca.crt");
    item.putObject("fieldRef").put("fieldPath", "metadata.annotations['refmesh.io/trust-roots']");
    return volume;
  }

  /** Writes the rules, then ends. Root, because only root may; with nothing else that root may. */
  ObjectNode init() {
    ObjectNode container = container(INIT);
    ArrayNode arguments = container.putArray("args");
    arguments.add("@/refmesh/init");
    arguments.add("--proxy-uid=" + UID);
    if (!pod.skipInbound().isEmpty()) {
      arguments.add("--skip-inbound-ports=" + pod.skipInbound());
    }
    if (!pod.skipOutbound().isEmpty()) {
      arguments.add("--skip-outbound-ports=" + pod.skipOutbound());
    }
    // The lock of iptables-legacy, on the only place that can be written to.
    container
        .putArray("env")
        .addObject()
        .put("name", "XTABLES_LOCKFILE")
        .put("value", "/dev/shm/xtables.lock");
    resources(container, "20m", "", "64Mi", "128Mi");
    ObjectNode security = security(container, 0);
    security.put("runAsNonRoot", false);
    ((ObjectNode) security.path("capabilities")).putArray("add").add("NET_ADMIN").add("NET_RAW");
    return container;
  }

  /** A native sidecar: starts before every other container, ends after them. */
  ObjectNode proxy(JsonNode podSpec) {
    ObjectNode container = container(PROXY);
    container.put("restartPolicy", "Always");
    container.putArray("args").add("@/refmesh/" + pod.profile());
    environment(container.putArray("env"), podSpec);
    container
        .putArray("ports")
        .addObject()
        .put("name", "refmesh-admin")
        .put("containerPort", ADMIN_PORT)
        .put("protocol", "TCP");
    resources(container, pod.cpuRequest(), pod.cpuLimit(), pod.memoryRequest(), pod.memoryLimit());
    // Two minutes for the control plane to come: a whole cluster may be starting.
    probe(container.putObject("startupProbe"), "/ready", 1, 120);
    probe(container.putObject("readinessProbe"), "/ready", 5, 2);
    probe(container.putObject("livenessProbe"), "/live", 10, 3);
    security(container, UID).put("runAsNonRoot", true);
    ArrayNode mounts = container.putArray("volumeMounts");
    mount(mounts, TOKEN_VOLUME, TOKEN_FOLDER);
    mount(mounts, ROOTS_VOLUME, ROOTS_FOLDER);
    return container;
  }

  private void environment(ArrayNode env, JsonNode podSpec) {
    MeshConfig mesh = settings.mesh();
    field(env, "REFMESH_POD_NAMESPACE", "metadata.namespace");
    field(env, "REFMESH_POD_NAME", "metadata.name");
    field(env, "REFMESH_POD_IP", "status.podIP");
    field(env, "REFMESH_SERVICE_ACCOUNT", "spec.serviceAccountName");
    value(env, "REFMESH_WORKLOAD", "$(REFMESH_POD_NAMESPACE)/$(REFMESH_POD_NAME)/0");
    value(
        env,
        "REFMESH_IDENTITY",
        "spiffe://"
            + mesh.trustDomain()
            + "/ns/$(REFMESH_POD_NAMESPACE)/sa/$(REFMESH_SERVICE_ACCOUNT)");
    value(env, "REFMESH_ZONE", "");
    value(env, "REFMESH_CONTROL", settings.control());
    value(env, "REFMESH_CONTROL_IDENTITY", settings.controlIdentity().uri());
    value(env, "REFMESH_TRUST_ROOTS", ROOTS_FOLDER + "/ca.crt");
    value(env, "REFMESH_TOKEN_FILE", TOKEN_FOLDER + "/token");
    value(env, "REFMESH_CLUSTER_DOMAIN", mesh.clusterDomain());
    value(env, "REFMESH_CAPTURE", "redirect");
    value(env, "REFMESH_INBOUND", "$(REFMESH_POD_IP)");
    value(env, "REFMESH_APPLICATION", "$(REFMESH_POD_IP)");
    value(env, "REFMESH_ADMIN", "0.0.0.0:" + ADMIN_PORT);
    value(env, "REFMESH_TAP", "0.0.0.0:" + TAP_PORT);
    value(env, "REFMESH_PORTS", ports(podSpec));
    value(env, "REFMESH_EVENT_LOOPS", Integer.toString(pod.eventLoops()));
    value(env, "REFMESH_LOG_LEVEL", pod.logLevel());
    value(env, "REFMESH_ACCESS_LOG", pod.accessLog());
    value(env, "REFMESH_DRAIN_TIMEOUT", Quantities.text(pod.drainTimeout()));
    pod.drainAnnounce()
        .ifPresent(time -> value(env, "REFMESH_DRAIN_ANNOUNCE", Quantities.text(time)));
    MeshConfig.Telemetry telemetry = mesh.proxy().telemetry();
    maybe(env, "REFMESH_OTLP_ENDPOINT", telemetry.tracingEndpoint());
    value(env, "REFMESH_TRACE_SAMPLE", Integer.toString(telemetry.samplePercent()));
    maybe(env, "REFMESH_REDACT_QUERY", String.join(",", telemetry.redactQuery()));
    maybe(env, "REFMESH_REDACT_HEADERS", String.join(",", telemetry.redactHeaders()));
    maybe(env, "REFMESH_TAP_IDENTITIES", String.join(",", telemetry.tapIdentities()));
  }

  /** TCP ports of all containers, those that are opaque marked as such. */
  private String ports(JsonNode podSpec) {
    TreeMap<Integer, String> ports = new TreeMap<>();
    pod.opaquePorts().forEach(port -> ports.put(port, "=refmesh.io/opaque"));
    for (String list : List.of("initContainers", "containers")) {
      for (JsonNode container : podSpec.path(list)) {
        for (JsonNode port : container.path("ports")) {
          if (port.path("protocol").asString("TCP").equals("TCP")) {
            ports.putIfAbsent(port.path("containerPort").asInt(), "");
          }
        }
      }
    }
    StringBuilder text = new StringBuilder();
    ports.forEach(
        (port, protocol) -> text.append(text.isEmpty() ? "" : ",").append(port).append(protocol));
    return text.toString();
  }

  private ObjectNode container(String name) {
    ObjectNode container = JSON.objectNode();
    container.put("name", name);
    container.put("image", settings.image());
    container.put("imagePullPolicy", settings.imagePullPolicy());
    return container;
  }

  private static ObjectNode security(ObjectNode container, long user) {
    ObjectNode security = container.putObject("securityContext");
    security.put("runAsUser", user);
    security.put("runAsGroup", user);
    security.put("allowPrivilegeEscalation", false);
    security.put("privileged", false);
    security.put("readOnlyRootFilesystem", true);
    security.putObject("capabilities").putArray("drop").add("ALL");
    security.putObject("seccompProfile").put("type", "RuntimeDefault");
    return security;
  }

  private static void resources(
      ObjectNode container,
      String cpuRequest,
      String cpuLimit,
      String memoryRequest,
      String memoryLimit) {
    ObjectNode resources = container.putObject("resources");
    amounts(resources.putObject("requests"), cpuRequest, memoryRequest);
    amounts(resources.putObject("limits"), cpuLimit, memoryLimit);
  }

  private static void amounts(ObjectNode amounts, String cpu, String memory) {
    if (!cpu.isEmpty()) {
      amounts.put("cpu", cpu);
    }
    if (!memory.isEmpty()) {
      amounts.put("memory", memory);
    }
  }

  private static void probe(ObjectNode probe, String path, int periodSeconds, int failures) {
    probe.putObject("httpGet").put("path", path).put("port", ADMIN_PORT).put("scheme", "HTTP");
    probe.put("periodSeconds", periodSeconds);
    probe.put("timeoutSeconds", 3);
    probe.put("failureThreshold", failures);
  }

  private static void mount(ArrayNode mounts, String volume, String folder) {
    mounts.addObject().put("name", volume).put("mountPath", folder).put("readOnly", true);
  }

  private static void field(ArrayNode env, String name, String path) {
    env.addObject()
        .put("name", name)
        .putObject("valueFrom")
        .putObject("fieldRef")
        .put("fieldPath", path);
  }

  private static void value(ArrayNode env, String name, String value) {
    env.addObject().put("name", name).put("value", value);
  }

  private static void maybe(ArrayNode env, String name, String value) {
    if (!value.isEmpty()) {
      value(env, name, value);
    }
  }
}
