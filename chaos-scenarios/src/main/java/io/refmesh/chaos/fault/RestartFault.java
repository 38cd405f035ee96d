package io.refmesh.chaos.fault;

import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.MeshInstance;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Every instance of a workload is replaced, application and sidecar, one after the other, on a
 * thread of its own.
 *
 * <p>{@code instances} of {@link #figures} are those that there were, {@code replaced} those whose
 * two processes are others now.
 */
final class RestartFault implements Fault {

  private static final Duration LOOK_EVERY = Duration.ofMillis(100);
  private static final Duration BACK_WITHIN = Duration.ofSeconds(30);

  private final GroupMesh mesh;
  private final String workload;
  private final boolean drain;
  private final CountDownLatch done = new CountDownLatch(1);
  private Map<String, Runs> before = Map.of();
  private volatile @Nullable Thread worker;
  private volatile @Nullable IOException failure;

  private record Runs(Optional<String> application, Optional<String> sidecar) {
    boolean bothDifferFrom(Runs other) {
      return application.isPresent()
          && sidecar.isPresent()
          && !application.equals(other.application)
          && !sidecar.equals(other.sidecar);
    }
  }

  RestartFault(GroupMesh mesh, String workload, boolean drain) {
    this.mesh = mesh;
    this.workload = workload;
    this.drain = drain;
  }

  @Override
  public void begin() throws IOException {
    before = runs();
    if (before.isEmpty()) {
      throw new IOException(
          "restart: no instance of workload "
              + workload
              + " runs (expected: a workload of the topology)");
    }
    worker = Thread.ofVirtual().name("restart " + workload).start(this::replaceAll);
  }

  private void replaceAll() {
    try {
      if (drain) {
        mesh.rollingRestart(workload);
      } else {
        for (String instance : List.copyOf(before.keySet())) {
          mesh.killInstance(instance);
          awaitBack(instance);
        }
      }
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      failure = new IOException("the restart was interrupted", e);
    } finally {
      done.countDown();
    }
  }

  private void awaitBack(String instance) throws InterruptedException {
    for (long rounds = BACK_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      Thread.sleep(LOOK_EVERY);
      if (mesh.running().stream()
          .anyMatch(i -> i.name().equals(instance) && i.ready() && differs(i))) {
        return;
      }
    }
  }

  @Override
  public void awaitDone(Duration atMost) throws IOException, InterruptedException {
    if (!done.await(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IOException(
          "the restart of " + workload + " was not done within " + atMost.toSeconds() + " s");
    }
    IOException problem = failure;
    if (problem != null) {
      throw problem;
    }
  }

  @Override
  public void end() throws InterruptedException {
    Thread running = worker;
    if (running != null && done.getCount() > 0) {
      running.interrupt();
      running.join(BACK_WITHIN);
    }
  }

  @Override
  public Map<String, Double> figures() {
    long replaced =
        mesh.running().stream().filter(i -> i.workload().equals(workload) && differs(i)).count();
    return Map.of("instances", (double) before.size(), "replaced", (double) replaced);
  }

  private boolean differs(MeshInstance instance) {
    Runs old = before.get(instance.name());
    return old == null || runs(instance).bothDifferFrom(old);
  }

  private Map<String, Runs> runs() {
    Map<String, Runs> runs = new LinkedHashMap<>();
    for (MeshInstance instance : mesh.running()) {
      if (instance.workload().equals(workload)) {
        runs.put(instance.name(), runs(instance));
      }
    }
    return runs;
  }

  private static Runs runs(MeshInstance instance) {
    return new Runs(instance.application(), instance.sidecar());
  }
}
