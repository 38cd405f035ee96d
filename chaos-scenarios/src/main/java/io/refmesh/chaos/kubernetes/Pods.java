package io.refmesh.chaos.kubernetes;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.refmesh.chaos.mesh.MeshInstance;
import io.refmesh.chaos.mesh.ShopFolder;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The pods of the shop, followed by a watch, as instances. */
final class Pods implements AutoCloseable {

  static final String SIDECAR = "refmesh-proxy";

  private static final int SIDECAR_ADMIN = 4191;

  private final SharedIndexInformer<Pod> informer;
  private final Ordinals ordinals = new Ordinals();

  Pods(KubernetesClient client) {
    this.informer =
        client.pods().inNamespace(ShopFolder.NAMESPACE).withLabel(ShopManifests.WORKLOAD).inform();
  }

  /** All, those that are leaving among them. */
  List<PodView> all() {
    return informer.getStore().list().stream().map(Pods::view).toList();
  }

  /** Those that have an address and are not leaving, in the order of names. */
  List<MeshInstance> instances() {
    return instances(all(), ordinals);
  }

  static List<MeshInstance> instances(List<PodView> pods, Ordinals ordinals) {
    Map<String, Integer> numbers = ordinals.of(pods);
    return pods.stream()
        .filter(pod -> !pod.leaving() && !pod.address().isEmpty())
        .map(pod -> instance(pod, numbers.getOrDefault(pod.uid(), 0)))
        .sorted(Comparator.comparing(MeshInstance::name))
        .toList();
  }

  private static MeshInstance instance(PodView pod, int number) {
    return new MeshInstance(
        ShopFolder.NAMESPACE,
        pod.workload(),
        number,
        pod.address(),
        "http://" + pod.address() + ":" + SIDECAR_ADMIN,
        "http://" + pod.address() + ":" + ShopFolder.ADMIN_PORT,
        pod.application(),
        pod.sidecar(),
        pod.ready());
  }

  /** The pod of an instance. */
  Optional<PodView> pod(String instance) {
    List<PodView> pods = all();
    Map<String, Integer> numbers = ordinals.of(pods);
    return pods.stream()
        .filter(pod -> !pod.leaving())
        .filter(pod ->
            instance.equals(
                ShopFolder.NAMESPACE + "/" + pod.workload() + "-" + numbers.get(pod.uid())))
        .findFirst();
  }

  void renumber() {
    ordinals.reset();
  }

  private static PodView view(Pod pod) {
    String phase = Optional.ofNullable(pod.getStatus().getPhase()).orElse("");
    return new PodView(
        pod.getMetadata().getUid(),
        pod.getMetadata().getName(),
        pod.getMetadata().getLabels().getOrDefault(ShopManifests.WORKLOAD, ""),
        Optional.ofNullable(pod.getSpec().getNodeName()).orElse(""),
        Optional.ofNullable(pod.getMetadata().getCreationTimestamp())
            .map(String::valueOf)
            .orElse(""),
        Optional.ofNullable(pod.getStatus().getPodIP()).orElse(""),
        running(pod.getStatus().getContainerStatuses(), ShopManifests.CONTAINER),
        running(pod.getStatus().getInitContainerStatuses(), SIDECAR),
        restarts(pod),
        pod.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True")),
        pod.getMetadata().getDeletionTimestamp() != null
            || phase.equals("Succeeded")
            || phase.equals("Failed"));
  }

  private static Map<String, String> restarts(Pod pod) {
    Map<String, String> restarts = new TreeMap<>();
    Stream.concat(
            pod.getStatus().getInitContainerStatuses().stream(),
            pod.getStatus().getContainerStatuses().stream())
        .filter(status -> status.getRestartCount() != null && status.getRestartCount() > 0)
        .filter(status ->
            status.getLastState() != null && status.getLastState().getTerminated() != null)
        .forEach(status -> {
          ContainerStateTerminated last = status.getLastState().getTerminated();
          restarts.put(
              status.getName(),
              "had ended with "
                  + last.getReason()
                  + ", exit code "
                  + last.getExitCode()
                  + ", at "
                  + last.getFinishedAt());
        });
    return restarts;
  }

  private static Optional<String> running(@Nullable List<ContainerStatus> statuses, String name) {
    return statuses == null
        ? Optional.empty()
        : statuses.stream()
            .filter(status -> status.getName().equals(name))
            .filter(status -> status.getState() != null && status.getState().getRunning() != null)
            .map(ContainerStatus::getContainerID)
            .findFirst();
  }

  @Override
  public void close() {
    informer.close();
  }
}
