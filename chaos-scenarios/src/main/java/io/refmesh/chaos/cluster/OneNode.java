package io.refmesh.chaos.cluster;

import com.dajudge.kindcontainer.KindContainer;
import com.dajudge.kindcontainer.KindContainerVersion;
import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** A cluster of one node by kindcontainer: needs an engine and the node's image, no program. */
final class OneNode implements Cluster {

  static final String IMAGE = "kindest/node:v1.34.0";

  private static final String LIBRARY = "2.0.0";

  private final Engine engine;
  private final Owner owner;
  private final KindContainer<?> container;
  private final Config config;

  private OneNode(Engine engine, Owner owner, KindContainer<?> container, Config config) {
    this.engine = engine;
    this.owner = owner;
    this.container = container;
    this.config = config;
  }

  static OneNode start(Engine engine, Owner owner) throws IOException, InterruptedException {
    // Removed by stop(), or by the next run as this one's leftover.
    @SuppressWarnings("resource")
    KindContainer<?> container = new KindContainer<>(KindContainerVersion.VERSION_1_34_0);
    // Names the volume; nothing is used again.
    container.withReuse(true, owner.name());
    container.withReuse(false);
    container.withCreateContainerCmdModifier(command -> command.withName(owner.name()));
    // The start heeds no interrupt.
    CompletableFuture<String> kubeconfig = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("kind-node")
        .start(() -> {
          try {
            container.start();
            kubeconfig.complete(container.getKubeconfig());
          } catch (RuntimeException e) {
            kubeconfig.completeExceptionally(e);
          }
        });
    try {
      return new OneNode(engine, owner, container, Config.fromKubeconfig(kubeconfig.get()));
    } catch (ExecutionException e) {
      remove(engine, owner, container);
      throw new IOException(
          "the cluster's node did not start: "
              + DockerEngine.reason(e)
              + " (expected: an engine that runs privileged containers, and two free CPUs)",
          e);
    } catch (InterruptedException e) {
      remove(engine, owner, container);
      throw e;
    }
  }

  @Override
  public Config config() {
    return config;
  }

  @Override
  public List<Engine.Container> nodes() {
    return List.of(new Engine.Container(container.getContainerId(), owner.name(), Map.of()));
  }

  @Override
  public Map<String, String> versions() {
    return Map.of("kindcontainer", LIBRARY);
  }

  @Override
  public boolean own() {
    return true;
  }

  @Override
  public void close() throws IOException {
    remove(engine, owner, container);
  }

  private static void remove(Engine engine, Owner owner, KindContainer<?> container)
      throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      container.stop();
    } catch (RuntimeException e) {
      // What it leaves is removed by name.
    }
    Leftovers.of(owner, engine);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
