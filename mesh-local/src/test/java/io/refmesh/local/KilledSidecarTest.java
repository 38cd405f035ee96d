package io.refmesh.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.refmesh.local.process.Probe;
import io.refmesh.testkit.QuietMachine;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What peers see when the sidecar of a workload is killed, in a mesh of real processes. */
@Tag("load")
@Timeout(120)
final class KilledSidecarTest {

  private static final Duration FAIL_OVER_WITHIN = Duration.ofSeconds(1);
  private static final Duration READY_WITHIN = Duration.ofSeconds(5);

  /** A sidecar is started again half a second after its end: without another one it is noticed. */
  private static final Duration OUTAGE_AT_LEAST = Duration.ofMillis(500);

  private static final Duration EVERY = Duration.ofMillis(20);
  private static final int WARM = 200;

  @TempDir private Path folder;

  @Test
  @Acceptance(171)
  void callsFailOverWithinASecondAndTheKilledSidecarIsReadyWithinFive() throws Exception {
    Optional<String> busy = QuietMachine.busy();
    assumeTrue(busy.isEmpty(), busy.orElse(""));
    try (RealMesh mesh = RealMesh.start(folder, "");
        SteadyCalls calls = new SteadyCalls(mesh.url(RealMesh.WEB, "shop/cart"), EVERY)) {
      while (calls.goodInARow() < WARM) {
        Thread.sleep(10);
      }

      long killed = System.nanoTime();
      Duration ready = killAndAwait(mesh, List.of("shop/cart-0"));
      Thread.sleep(2_000);
      long after = System.nanoTime();

      assertThat(calls.longestGap(killed, after))
          .as("without an answer")
          .isLessThan(FAIL_OVER_WITHIN);
      assertThat(calls.failures())
          .as("calls that fail later than a second after the kill")
          .noneMatch(call -> call.ended() - killed > FAIL_OVER_WITHIN.toNanos());
      assertThat(ready).as("until it is ready again").isLessThan(READY_WITHIN);

      // What measures sees an outage where there is one: nobody is left to fail over to.
      long both = System.nanoTime();
      killAndAwait(mesh, RealMesh.CARTS);
      assertThat(calls.longestGap(both, System.nanoTime()))
          .as("with both killed")
          .isGreaterThan(OUTAGE_AT_LEAST);
    }
  }

  /** Kills the sidecars; how long until new ones are ready. */
  private static Duration killAndAwait(RealMesh mesh, List<String> instances) throws Exception {
    List<Optional<Long>> old =
        instances.stream().map(name -> mesh.instance(name).sidecarPid()).toList();
    long killed = System.nanoTime();
    instances.forEach(mesh.mesh::killSidecar);
    for (String instance : instances) {
      URI admin = URI.create(mesh.instance(instance).admin());
      while (Probe.get(admin.getHost(), admin.getPort(), "/ready").isPresent()) {
        Thread.sleep(10);
      }
    }
    Duration took = Duration.ofNanos(System.nanoTime() - killed);
    assertThat(instances.stream().map(name -> mesh.instance(name).sidecarPid()))
        .allMatch(Optional::isPresent)
        .doesNotContainAnyElementsOf(old);
    return took;
  }
}
