package io.refmesh.chaos.run;

import io.refmesh.chaos.observe.AppTarget;
import io.refmesh.chaos.observe.Observer;
import io.refmesh.chaos.observe.SidecarTarget;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells the observer of instances that replace others, on a thread of its own. While some come or
 * are on their way out it also keeps reading counters, so that the last reading of one that ends is
 * from after its last request.
 */
final class Newcomers implements AutoCloseable {

  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  /** How long after a change old instances may still be draining. */
  private static final Duration DRAINING = Duration.ofSeconds(6);

  private final Watched mesh;
  private final Observer observer;
  private final Ledgers ledgers;
  private final Thread thread;

  private Newcomers(Watched mesh, Observer observer, Ledgers ledgers) {
    this.mesh = mesh;
    this.observer = observer;
    this.ledgers = ledgers;
    this.thread = Thread.ofVirtual().name("newcomers").unstarted(this::look);
  }

  static Newcomers watch(Watched mesh, Observer observer, Ledgers ledgers) {
    Newcomers newcomers = new Newcomers(mesh, observer, ledgers);
    newcomers.thread.start();
    return newcomers;
  }

  private void look() {
    Set<SidecarTarget> known = new HashSet<>(mesh.sidecars());
    Set<AppTarget> leaving = new HashSet<>(mesh.apps());
    Set<SidecarTarget> before = Set.copyOf(known);
    long readings = 0;
    try {
      while (!Thread.currentThread().isInterrupted()) {
        List<SidecarTarget> sidecars = mesh.sidecars();
        List<AppTarget> apps = mesh.apps();
        if (known.addAll(sidecars)) {
          observer.add(sidecars, apps);
          leaving.addAll(apps);
        }
        Set<SidecarTarget> now = Set.copyOf(sidecars);
        observer.left(
            known.stream().filter(target -> !now.contains(target)).toList(),
            leaving.stream().filter(target -> !apps.contains(target)).toList());
        // Not only when one comes: where its place is taken late, the other leaves much later.
        if (!now.equals(before)) {
          before = now;
          readings = DRAINING.dividedBy(LOOK_EVERY);
        }
        if (readings > 0) {
          readings--;
          observer.mark();
          leaving.removeIf(app -> !apps.contains(app) && ledgers.ended(app));
          ledgers.read(List.copyOf(leaving));
        }
        Thread.sleep(LOOK_EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws InterruptedException {
    thread.interrupt();
    thread.join();
  }
}
