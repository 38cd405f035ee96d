package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Objects put on a cluster, and taken away again: those that were not there before, last first. */
final class Installation {

  private static final Duration READY_WITHIN = Duration.ofSeconds(180);
  private static final Duration GONE_WITHIN = Duration.ofSeconds(120);
  private static final String MANAGER = "refmesh-e2e";

  private final KubernetesClient client;
  private final List<HasMetadata> made = new ArrayList<>();

  Installation(KubernetesClient client) {
    this.client = client;
  }

  /** The cluster's own parts that all else needs. */
  void awaitCluster() throws IOException {
    awaitDeployment("kube-system", "coredns");
  }

  /** Kinds that the cluster does not know; those that it knows are left as they are. */
  void kinds(String definitions) throws IOException {
    List<HasMetadata> missing = new ArrayList<>();
    for (HasMetadata definition : read(definitions)) {
      if (client.resource(definition).get() == null) {
        missing.add(definition);
      }
    }
    served(missing);
  }

  private void served(List<HasMetadata> definitions) throws IOException {
    apply(definitions);
    for (HasMetadata definition : definitions) {
      await(definition, READY_WITHIN, Installation::established, "is not served");
    }
  }

  void mesh(String definitions, String controlPlane) throws IOException {
    served(read(definitions));
    apply(read(controlPlane));
    awaitDeployment("refmesh-system", "refmesh-control");
    // Written by the control plane; until then no pod gets a sidecar.
    await(
        new MutatingWebhookConfigurationBuilder()
            .withNewMetadata()
            .withName("refmesh")
            .endMetadata()
            .build(),
        READY_WITHIN,
        found ->
            found instanceof MutatingWebhookConfiguration one
                && one.getWebhooks().stream()
                    .allMatch(hook -> hook.getClientConfig().getCaBundle() != null),
        "has no CA of the control plane");
  }

  List<HasMetadata> read(String yaml) throws IOException {
    try {
      return client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).items();
    } catch (KubernetesClientException e) {
      throw new IOException("a manifest cannot be read: " + DockerEngine.reason(e), e);
    }
  }

  void apply(List<HasMetadata> objects) throws IOException {
    for (HasMetadata object : objects) {
      try {
        boolean there = client.resource(object).get() != null;
        client.resource(object).fieldManager(MANAGER).forceConflicts().serverSideApply();
        if (!there) {
          made.add(object);
        }
      } catch (KubernetesClientException e) {
        throw new IOException(
            "the API server did not take "
                + title(object)
                + ": "
                + DockerEngine.reason(e)
                + " (expected: a kubeconfig with the rights of cluster-admin)",
            e);
      }
    }
  }

  /** Takes what is there for its own, so that {@link #remove} takes it away. */
  void claim(String definitions, String controlPlane) throws IOException {
    made.addAll(read(definitions));
    made.addAll(read(controlPlane));
  }

  void claim(HasMetadata... objects) {
    made.addAll(List.of(objects));
  }

  private void awaitDeployment(String namespace, String name) throws IOException {
    await(
        new DeploymentBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(name)
            .endMetadata()
            .build(),
        READY_WITHIN,
        found ->
            found instanceof Deployment one
                && one.getStatus() != null
                && one.getStatus().getReadyReplicas() != null
                && one.getStatus().getReadyReplicas().equals(one.getSpec().getReplicas()),
        "is not ready");
  }

  private void await(
      HasMetadata object, Duration within, Predicate<@Nullable HasMetadata> holds, String wrong)
      throws IOException {
    try {
      client.resource(object).waitUntilCondition(holds::test, within.toSeconds(), TimeUnit.SECONDS);
    } catch (KubernetesClientException e) {
      throw new IOException(
          title(object)
              + " "
              + wrong
              + " after "
              + within.toSeconds()
              + " s ("
              + DockerEngine.reason(e)
              + "); expected: images that the nodes have or can pull, and room for the pods",
          e);
    }
  }

  private static boolean established(@Nullable HasMetadata found) {
    return found instanceof CustomResourceDefinition crd
        && crd.getStatus() != null
        && crd.getStatus().getConditions().stream()
            .anyMatch(condition ->
                "Established".equals(condition.getType()) && "True".equals(condition.getStatus()));
  }

  /** Takes away what was put there; waits until it is gone. */
  void remove() throws IOException {
    for (HasMetadata object : made.reversed()) {
      try {
        client.resource(object).withGracePeriod(0).delete();
      } catch (KubernetesClientException e) {
        throw new IOException(
            title(object) + " could not be removed: " + DockerEngine.reason(e), e);
      }
    }
    for (HasMetadata object : made) {
      await(object, GONE_WITHIN, found -> found == null, "is still there");
    }
    made.clear();
  }

  static String title(HasMetadata object) {
    return object.getKind() + " " + object.getMetadata().getName();
  }
}
