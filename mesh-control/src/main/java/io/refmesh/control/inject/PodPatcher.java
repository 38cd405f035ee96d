package io.refmesh.control.inject;

import io.refmesh.control.registry.Annotations;
import io.refmesh.control.registry.MeshConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Gives a pod its sidecar: a pod and its namespace come in, a JSON patch goes out, or why there is
 * none. Pure; any thread.
 */
public final class PodPatcher {

  /** Where the sidecar listens; no container of the pod can. */
  private static final Set<Integer> OWN_PORTS = Set.of(4140, 4143, 4190, 4191);

  private static final Set<String> SYSTEM_NAMESPACES =
      Set.of("kube-system", MeshConfig.SYSTEM_NAMESPACE);

  private final InjectSettings settings;

  public PodPatcher(InjectSettings settings) {
    this.settings = settings;
  }

  /**
   * @param pod as the API server sends it; not changed
   * @param namespace of the pod, with its labels and annotations
   */
  public Injection patch(ObjectNode pod, PodNamespace namespace) {
    Map<String, String> annotations = texts(pod.at("/metadata/annotations"));
    Optional<Injection> skipped = skipped(pod, annotations, namespace);
    if (skipped.isPresent()) {
      return skipped.get();
    }
    List<String> problems = new ArrayList<>();
    PodSettings read =
        PodSettings.read(annotations, namespace.annotations(), settings.mesh().proxy(), problems);
    conflicts(pod.path("spec"), problems);
    return problems.isEmpty()
        ? new Injection.Patched(patch(pod, annotations, namespace, read))
        : new Injection.Refused(problems);
  }

  private ArrayNode patch(
      ObjectNode pod, Map<String, String> annotations, PodNamespace namespace, PodSettings read) {
    JsonPatch patch = new JsonPatch(pod.deepCopy());
    patch.put("/metadata/annotations", Annotations.INJECTED, "true");
    patch.put("/metadata/annotations", Annotations.PROXY_VERSION, settings.version());
    patch.put("/metadata/annotations", Annotations.TRUST_ROOTS, settings.trustRoots());
    PodSettings.inherited(annotations, namespace.annotations())
        .forEach((name, value) -> patch.put("/metadata/annotations", name, value));
    patch.put("/metadata/annotations", Annotations.PROBES, Probes.of(pod.path("spec")));
    Probes.leadToSidecar(patch);
    SidecarContainers containers = new SidecarContainers(settings, read);
    patch.append("/spec/volumes", containers.tokenVolume());
    patch.append("/spec/volumes", containers.rootsVolume());
    // First of all init containers: those of the user have the mesh already.
    patch.insert("/spec/initContainers", 0, containers.init());
    patch.insert("/spec/initContainers", 1, containers.proxy(pod.path("spec")));
    return patch.operations();
  }

  // -- who gets none

  private static Optional<Injection> skipped(
      ObjectNode pod, Map<String, String> annotations, PodNamespace namespace) {
    if (SYSTEM_NAMESPACES.contains(namespace.name())) {
      return skip(Injection.Reason.SYSTEM_NAMESPACE, "pods of " + namespace.name() + " have none");
    }
    String own =
        first(
            annotations.get(Annotations.INJECT),
            texts(pod.at("/metadata/labels")).get(Annotations.INJECT));
    String wider =
        first(
            namespace.annotations().get(Annotations.INJECT),
            namespace.labels().get(Annotations.INJECT));
    String wanted = own.isEmpty() ? wider : own;
    switch (wanted) {
      case "enabled" -> {}
      case "disabled" -> {
        return skip(Injection.Reason.DISABLED, Annotations.INJECT + " is disabled");
      }
      case "" -> {
        return skip(
            Injection.Reason.NOT_ENABLED,
            "neither the pod nor its Namespace has " + Annotations.INJECT + ": enabled");
      }
      default -> {
        String problem =
            Annotations.INJECT + ": \"" + wanted + "\" (expected: enabled or disabled)";
        return own.isEmpty()
            ? skip(Injection.Reason.INVALID_NAMESPACE_SETTING, "of the Namespace: " + problem)
            : Optional.of(
                new Injection.Refused(List.of("metadata.annotations or labels: " + problem)));
      }
    }
    JsonNode spec = pod.path("spec");
    if (has(spec.path("initContainers"), SidecarContainers.PROXY)
        || has(spec.path("containers"), SidecarContainers.PROXY)) {
      if (annotations.containsKey(Annotations.PROBES)) {
        // Asked again, because another webhook added a container after us.
        JsonPatch patch = new JsonPatch(pod.deepCopy());
        String probes = Probes.of(spec);
        if (!annotations.getOrDefault(Annotations.PROBES, "").equals(probes)) {
          patch.put("/metadata/annotations", Annotations.PROBES, probes);
        }
        Probes.leadToSidecar(patch);
        if (!patch.operations().isEmpty()) {
          return Optional.of(new Injection.Patched(patch.operations()));
        }
      }
      return skip(
          Injection.Reason.ALREADY_INJECTED,
          "it has a container " + SidecarContainers.PROXY + " already");
    }
    if (spec.path("hostNetwork").asBoolean(false)) {
      return skip(
          Injection.Reason.HOST_NETWORK,
          "spec.hostNetwork: rules of capture would hold for the whole node");
    }
    String os =
        first(
            spec.at("/os/name").asString(""),
            spec.path("nodeSelector").path("kubernetes.io/os").asString(""));
    if (!os.isEmpty() && !os.equals("linux")) {
      return skip(Injection.Reason.UNSUPPORTED_OS, "it runs on " + os + " (expected: linux)");
    }
    return Optional.empty();
  }

  private static Optional<Injection> skip(Injection.Reason reason, String message) {
    return Optional.of(new Injection.Skipped(reason, message));
  }

  // -- what stands in the way

  private static void conflicts(JsonNode spec, List<String> problems) {
    int index = 0;
    for (JsonNode volume : spec.path("volumes")) {
      String name = volume.path("name").asString("");
      if (SidecarContainers.VOLUMES.contains(name)) {
        problems.add(
            "spec.volumes["
                + index
                + "].name: "
                + name
                + " (expected: another name; the sidecar's volumes have it)");
      }
      index++;
    }
    if (spec.at("/securityContext/runAsUser").asLong(-1) == SidecarContainers.UID
        && spec.path("containers")
            .valueStream()
            .anyMatch(c -> !c.at("/securityContext").has("runAsUser"))) {
      problems.add(sameUser("spec.securityContext.runAsUser"));
    }
    for (String list : List.of("initContainers", "containers")) {
      index = 0;
      for (JsonNode container : spec.path(list)) {
        conflicts("spec." + list + "[" + index++ + "]", container, problems);
      }
    }
  }

  private static void conflicts(String path, JsonNode container, List<String> problems) {
    if (container.path("name").asString("").equals(SidecarContainers.INIT)) {
      problems.add(
          path
              + ".name: "
              + SidecarContainers.INIT
              + " (expected: another name; the program that writes the rules has it)");
    }
    if (container.at("/securityContext/runAsUser").asLong(-1) == SidecarContainers.UID) {
      problems.add(sameUser(path + ".securityContext.runAsUser"));
    }
    int index = 0;
    for (JsonNode port : container.path("ports")) {
      int number = port.path("containerPort").asInt(0);
      if (OWN_PORTS.contains(number) && !port.path("protocol").asString("TCP").equals("UDP")) {
        problems.add(
            path
                + ".ports["
                + index
                + "].containerPort: "
                + number
                + " (expected: another port; the sidecar listens on 4140, 4143, 4190 and 4191)");
      }
      index++;
    }
  }

  private static String sameUser(String field) {
    return field
        + ": "
        + SidecarContainers.UID
        + " (expected: another user; what the sidecar's user sends is not captured)";
  }

  // -- reading

  private static boolean has(JsonNode containers, String name) {
    return containers.valueStream().anyMatch(c -> c.path("name").asString("").equals(name));
  }

  private static Map<String, String> texts(JsonNode mapping) {
    Map<String, String> texts = new HashMap<>();
    mapping.forEachEntry((name, value) -> texts.put(name, value.asString("")));
    return texts;
  }

  private static String first(@Nullable String one, @Nullable String other) {
    if (one != null && !one.isEmpty()) {
      return one;
    }
    return other == null ? "" : other;
  }
}
