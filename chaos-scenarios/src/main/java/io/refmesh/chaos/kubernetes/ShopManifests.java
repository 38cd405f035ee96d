package io.refmesh.chaos.kubernetes;

import io.refmesh.chaos.mesh.ShopFolder;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The shop of a group as objects of a cluster, from the very Services and Workloads that local mode
 * starts. Pure, and nothing in it is random.
 *
 * <p>What differs from local mode, and why: the kubelet asks for readiness on the application's
 * admin port, which is not captured, so that no probe is among the requests that are counted;
 * applications listen on all addresses of their pod; they are told to end a little after everybody
 * was told that their pod leaves, where local mode's supervisor lets the sidecar drain first; zones
 * are those of nodes.
 */
final class ShopManifests {

  /** Names the workload of a pod. */
  static final String WORKLOAD = "refmesh.io/e2e-workload";

  /** The container of the application, or of the load generator. */
  static final String CONTAINER = "app";

  private static final int LEAVES_AFTER_SECONDS = 3;
  private static final String JAR = "demo-shop.jar";
  private static final String MEMORY_LIMIT = "320Mi";

  private final String shopImage;
  private final String loadImage;

  ShopManifests(String shopImage, String loadImage) {
    this.shopImage = shopImage;
    this.loadImage = loadImage;
  }

  /** An object and where it belongs. */
  record Manifest(
      String apiVersion, String kind, String namespace, String name, Map<String, ?> json) {
    String path() {
      return Kinds.path(apiVersion, kind, namespace, name);
    }
  }

  /** Everything, in the order in which it can be made; the namespace first. */
  List<Manifest> of(Contents shop) throws IOException {
    List<Manifest> all = new ArrayList<>();
    all.add(namespace());
    TreeMap<String, Workload> workloads = new TreeMap<>();
    shop.only(Workload.class).forEach(w -> workloads.put(w.metadata().name(), w));
    TreeSet<String> accounts = new TreeSet<>();
    workloads.values().forEach(workload -> accounts.add(workload.serviceAccount()));
    accounts.forEach(account -> all.add(account(account)));
    shop.only(Service.class).stream()
        .sorted(java.util.Comparator.comparing(service -> service.metadata().name()))
        .forEach(service -> all.add(service(service)));
    for (Workload workload : workloads.values()) {
      all.add(workload.metadata().name().equals(ShopFolder.LOAD) ? load(workload) : shop(workload));
    }
    return all;
  }

  static Manifest namespace() {
    return manifest(
        "v1",
        "Namespace",
        ShopFolder.NAMESPACE,
        Map.of(),
        Map.of("refmesh.io/inject", "enabled", "app.kubernetes.io/part-of", "refmesh-e2e"),
        Map.of());
  }

  private static Manifest account(String name) {
    return manifest("v1", "ServiceAccount", name, Map.of(), Map.of(), Map.of());
  }

  private static Manifest service(Service service) {
    List<Map<String, ?>> ports = new ArrayList<>();
    for (Service.Port port : service.ports()) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("name", port.name().isEmpty() ? "port-" + port.port() : port.name());
      json.put("port", port.port());
      switch (port.target()) {
        case Service.Target.Number(int number) -> json.put("targetPort", number);
        case Service.Target.Name(String name) -> json.put("targetPort", name);
      }
      if (!port.appProtocol().isEmpty()) {
        json.put("appProtocol", port.appProtocol());
      }
      ports.add(json);
    }
    return manifest(
        "v1",
        "Service",
        service.metadata().name(),
        new TreeMap<>(service.metadata().annotations()),
        Map.of(),
        Map.of("spec", ordered("selector", new TreeMap<>(service.selector()), "ports", ports)));
  }

  private Manifest shop(Workload workload) throws IOException {
    Map<String, String> labels = labels(workload);
    Map<String, Object> container = container(shopImage);
    container.put("args", role(workload));
    List<Map<String, ?>> env = new ArrayList<>();
    env.add(ordered("name", "MESH_LISTEN_ADDRESS", "value", "0.0.0.0"));
    new TreeMap<>(workload.env())
        .forEach((name, value) -> env.add(ordered("name", name, "value", value)));
    container.put("env", env);
    container.put(
        "ports",
        workload.ports().stream()
            .map(port -> ordered("name", port.name(), "containerPort", port.port()))
            .toList());
    container.put(
        "lifecycle", Map.of("preStop", Map.of("sleep", Map.of("seconds", LEAVES_AFTER_SECONDS))));
    container.put(
        "readinessProbe",
        ordered(
            "httpGet",
            ordered("path", "/ready", "port", ShopFolder.ADMIN_PORT),
            "periodSeconds",
            1,
            "timeoutSeconds",
            3));
    return manifest(
        "apps/v1",
        "Deployment",
        workload.metadata().name(),
        Map.of(),
        labels,
        Map.of(
            "spec",
            ordered(
                "replicas",
                workload.replicas(),
                "selector",
                Map.of("matchLabels", labels),
                "strategy",
                ordered(
                    "type",
                    "RollingUpdate",
                    "rollingUpdate",
                    ordered("maxSurge", 1, "maxUnavailable", 0)),
                "template",
                pod(workload, labels, container))));
  }

  /**
   * The workload that the load comes from: a Job whose pod lives as long as the group, since the
   * sidecar of a caller that is warm is what scenarios are about.
   */
  private Manifest load(Workload workload) {
    Map<String, Object> container = container(loadImage);
    container.put(
        "command",
        List.of("/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"));
    container.put("volumeMounts", List.of(ordered("name", "records", "mountPath", LoadJob.FOLDER)));
    Map<String, Object> pod = pod(workload, labels(workload), container);
    spec(pod).put("restartPolicy", "Never");
    spec(pod).put("volumes", List.of(ordered("name", "records", "emptyDir", Map.of())));
    return manifest(
        "batch/v1",
        "Job",
        workload.metadata().name(),
        Map.of(),
        labels(workload),
        Map.of("spec", ordered("backoffLimit", 0, "template", pod)));
  }

  private static Map<String, String> labels(Workload workload) {
    Map<String, String> labels = new TreeMap<>(workload.metadata().labels());
    labels.put(WORKLOAD, workload.metadata().name());
    return labels;
  }

  private static Map<String, Object> pod(
      Workload workload, Map<String, String> labels, Map<String, Object> container) {
    Map<String, String> annotations = new TreeMap<>(workload.annotations());
    annotations.put("refmesh.io/skip-inbound-ports", Integer.toString(ShopFolder.ADMIN_PORT));
    return ordered(
        "metadata",
        ordered("labels", labels, "annotations", annotations),
        "spec",
        ordered(
            "serviceAccountName",
            workload.serviceAccount(),
            "securityContext",
            ordered(
                "runAsNonRoot",
                true,
                "runAsUser",
                1000,
                "seccompProfile",
                Map.of("type", "RuntimeDefault")),
            "containers",
            List.of(container)));
  }

  private static Map<String, Object> container(String image) {
    return ordered(
        "name",
        CONTAINER,
        "image",
        image,
        "imagePullPolicy",
        "IfNotPresent",
        "resources",
        ordered(
            "requests",
            ordered("cpu", "20m", "memory", "96Mi"),
            "limits",
            Map.of("memory", MEMORY_LIMIT)),
        "securityContext",
        ordered(
            "allowPrivilegeEscalation",
            false,
            "readOnlyRootFilesystem",
            true,
            "capabilities",
            Map.of("drop", List.of("ALL"))));
  }

  /** What stands behind the jar of the shop; its image has JVM and jar. */
  private static List<String> role(Workload workload) throws IOException {
    int jar = 0;
    while (jar < workload.command().size() && !workload.command().get(jar).endsWith(JAR)) {
      jar++;
    }
    if (jar >= workload.command().size() - 1) {
      throw new IOException(
          "workload "
              + workload.metadata().name()
              + ": "
              + String.join(" ", workload.command())
              + " (expected: "
              + JAR
              + " and a role, since pods run the image of the shop)");
    }
    return workload.command().subList(jar + 1, workload.command().size());
  }

  private static Manifest manifest(
      String apiVersion,
      String kind,
      String name,
      Map<String, String> annotations,
      Map<String, String> labels,
      Map<String, ?> rest) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", name);
    if (!kind.equals("Namespace")) {
      metadata.put("namespace", ShopFolder.NAMESPACE);
    }
    if (!labels.isEmpty()) {
      metadata.put("labels", new TreeMap<>(labels));
    }
    if (!annotations.isEmpty()) {
      metadata.put("annotations", annotations);
    }
    Map<String, Object> json =
        ordered("apiVersion", apiVersion, "kind", kind, "metadata", metadata);
    json.putAll(rest);
    return new Manifest(apiVersion, kind, ShopFolder.NAMESPACE, name, json);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> spec(Map<String, Object> pod) {
    return (Map<String, Object>) java.util.Objects.requireNonNull(pod.get("spec"));
  }

  /** Names and values in turn, kept in this order. */
  private static Map<String, Object> ordered(Object... pairs) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put((String) pairs[i], pairs[i + 1]);
    }
    return map;
  }
}
