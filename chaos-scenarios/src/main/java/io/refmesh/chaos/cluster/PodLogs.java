package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.PodResource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The logs of every pod that is there at the end of a run, one file a container: {@code
 * NAMESPACE/POD/CONTAINER.log}, beside a table of the pods and what happened to them.
 */
final class PodLogs {

  private final KubernetesClient client;

  PodLogs(KubernetesClient client) {
    this.client = client;
  }

  /** Writes all it gets; returns what it did not get. */
  List<String> write(List<String> namespaces, Path folder) throws IOException {
    List<String> missing = new ArrayList<>();
    List<String> table = new ArrayList<>();
    for (String namespace : namespaces) {
      try {
        for (Pod pod : client.pods().inNamespace(namespace).list().getItems()) {
          table.add(line(pod));
          logs(pod, folder.resolve(namespace).resolve(pod.getMetadata().getName()), missing);
        }
        events(namespace, folder.resolve(namespace));
      } catch (KubernetesClientException e) {
        missing.add(namespace + ": " + DockerEngine.reason(e));
      }
    }
    if (!table.isEmpty()) {
      Files.createDirectories(folder);
      Files.write(folder.resolve("pods.txt"), table);
    }
    return missing;
  }

  private void logs(Pod pod, Path folder, List<String> missing) throws IOException {
    PodResource resource =
        client
            .pods()
            .inNamespace(pod.getMetadata().getNamespace())
            .withName(pod.getMetadata().getName());
    Files.createDirectories(folder);
    for (Container container :
        Stream.concat(
                pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
            .toList()) {
      String name = container.getName();
      try {
        Files.writeString(folder.resolve(name + ".log"), resource.inContainer(name).getLog());
        if (restarts(pod, name) > 0) {
          Files.writeString(
              folder.resolve(name + ".before.log"),
              resource.inContainer(name).terminated().getLog());
        }
      } catch (KubernetesClientException e) {
        missing.add(pod.getMetadata().getName() + "/" + name + ": " + DockerEngine.reason(e));
      }
    }
  }

  private void events(String namespace, Path folder) throws IOException {
    List<String> lines =
        client.v1().events().inNamespace(namespace).list().getItems().stream()
            .sorted(Comparator.comparing(PodLogs::time))
            .map(event ->
                String.join(
                    "  ",
                    time(event),
                    Objects.toString(event.getType(), ""),
                    Objects.toString(event.getReason(), ""),
                    event.getInvolvedObject().getKind() + "/" + event.getInvolvedObject().getName(),
                    Objects.toString(event.getMessage(), "").strip()))
            .toList();
    if (!lines.isEmpty()) {
      Files.createDirectories(folder);
      Files.write(folder.resolve("events.txt"), lines);
    }
  }

  private static String time(Event event) {
    return Objects.requireNonNullElse(
        event.getLastTimestamp(), event.getMetadata().getCreationTimestamp());
  }

  private static int restarts(Pod pod, String container) {
    return statuses(pod)
        .filter(status -> status.getName().equals(container))
        .mapToInt(ContainerStatus::getRestartCount)
        .sum();
  }

  private static String line(Pod pod) {
    return String.join(
        "  ",
        pod.getMetadata().getNamespace(),
        pod.getMetadata().getName(),
        statuses(pod).filter(status -> Boolean.TRUE.equals(status.getReady())).count()
            + "/"
            + statuses(pod).count()
            + " ready",
        String.valueOf(pod.getStatus().getPhase()),
        statuses(pod).mapToInt(ContainerStatus::getRestartCount).sum() + " restarts",
        "since " + pod.getMetadata().getCreationTimestamp());
  }

  private static Stream<ContainerStatus> statuses(Pod pod) {
    return Stream.concat(
        pod.getStatus().getInitContainerStatuses().stream(),
        pod.getStatus().getContainerStatuses().stream());
  }
}
