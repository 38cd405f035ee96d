package io.refmesh.cli.rotate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.cli.rotate.Rotation.Phase;
import io.refmesh.cli.rotate.Step.Blocker;
import io.refmesh.model.identity.RootName;
import io.refmesh.testkit.Seed;
import io.refmesh.testkit.Seeds;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class RotationTest {

  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final RootName OLD = new RootName("aa");
  private static final RootName NEW = new RootName("bb");
  private static final Instant NOW = Instant.parse("2026-11-24T00:00:00Z");

  private final List<String> told = new ArrayList<>();

  @Seeds(6)
  void endsWithTheNewRootAloneAndCutsNobodyOff(Seed seed) throws Exception {
    World world = new World(seed.random(), 6);
    RootName old = world.issuer();

    Driver driver = driver(world);
    driver.begin(false);
    driver.drive(PATIENCE, false);

    rotated(world, old);
    assertThat(told)
        .containsSubsequence("PREPARED", "DISTRIBUTING", "SWITCHED", "DROPPING", "NONE");
  }

  @Test
  void canBeTakenUpAfterACrashBeforeAndAfterEveryWrite() throws Exception {
    int crashes = 0;
    for (boolean done : List.of(false, true)) {
      boolean hit = true;
      for (int number = 0; hit; number++) {
        World world = new World(new SplittableRandom(number), 4);
        RootName old = world.issuer();
        int at = number;
        if (done) {
          world.failsAfter = write -> write == at;
        } else {
          world.failsBefore = write -> write == at;
        }
        hit = false;
        while (Rotation.phase(driver(world).look()) != Phase.NONE || world.issuer().equals(old)) {
          Driver driver = driver(world);
          try {
            if (Rotation.phase(driver.look()) == Phase.NONE) {
              driver.begin(false);
            }
            driver.drive(PATIENCE, false);
          } catch (World.Crash crash) {
            hit = true;
            crashes++;
            int seconds = number * 7 % 60;
            for (int second = 0; second < seconds; second++) {
              world.second();
            }
          }
        }
        rotated(world, old);
      }
    }
    assertThat(crashes).isGreaterThan(12);
  }

  @Seeds(4)
  void wouldCutSomebodyOffWereNobodyWaitedFor(Seed seed) throws Exception {
    World world = new World(seed.random(), 6);
    driver(world).begin(false);
    ObjectNode secret = (ObjectNode) world.get(Sight.SECRET).orElseThrow();
    ObjectNode next = (ObjectNode) world.get(Sight.NEXT).orElseThrow();
    ObjectNode map = (ObjectNode) world.get(Sight.ROOTS).orElseThrow();
    ObjectNode data = (ObjectNode) map.path("data");
    data.put("ca.crt", data.path("ca.crt").asString() + Sight.decode(next, "ca.crt"));
    world.replace(Sight.ROOTS, map);
    secret.set("data", next.path("data"));
    world.replace(Sight.SECRET, secret);

    assertThatThrownBy(
            () -> {
              for (int second = 0; second < 60; second++) {
                world.second();
              }
            })
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void stopsBeforeItCutsOffAWorkloadThatHearsNothingNamesItAndGoesOnLater() throws Exception {
    World world = new World(new SplittableRandom(1), 4);
    world.podsComeAndGo = false;
    RootName old = world.issuer();
    World.Sidecar deaf = world.sidecars.getFirst();
    deaf.deaf = true;
    Driver driver = driver(world);
    driver.begin(false);

    assertThatThrownBy(() -> driver.drive(PATIENCE, false))
        .isInstanceOf(Driver.Stopped.class)
        .hasMessageContaining("stopped in DISTRIBUTING")
        .hasMessageContaining("shop/" + deaf.name + " does not trust the new root yet")
        .hasMessageContaining("--resume");
    assertThat(world.issuer()).isEqualTo(old);
    assertThatThrownBy(() -> driver.begin(false))
        .hasMessageContaining("a rotation is under way, in DISTRIBUTING");

    deaf.deaf = false;
    driver.drive(PATIENCE, false);
    rotated(world, old);
  }

  @Test
  void keepsTheOldRootAsLongAsAWorkloadHoldsACertificateUnderIt() throws Exception {
    World world = new World(new SplittableRandom(2), 4);
    world.podsComeAndGo = false;
    RootName old = world.issuer();
    Driver driver = driver(world);
    driver.begin(false);
    World.Sidecar stays = world.sidecars.getFirst();
    onSwitched = () -> stays.deaf = true;

    assertThatThrownBy(() -> driver.drive(PATIENCE, false))
        .hasMessageContaining("stopped in SWITCHED")
        .hasMessageContaining(
            "shop/" + stays.name + " holds a certificate under the old root until ");

    assertThat(world.roots()).hasSize(2);
    onSwitched = () -> {};
    stays.deaf = false;
    driver.drive(PATIENCE, false);
    rotated(world, old);
  }

  @Test
  void leavesBehindByForceOnlyWhomItWaitedForAndSaysWho() throws Exception {
    World world = new World(new SplittableRandom(3), 4);
    world.podsComeAndGo = false;
    RootName old = world.issuer();
    World.Sidecar deaf = world.sidecars.getFirst();
    deaf.deaf = true;
    Driver driver = driver(world);
    driver.begin(true);

    driver.drive(PATIENCE, true);

    assertThat(told).anyMatch(line -> line.startsWith("left shop/" + deaf.name));
    assertThat(world.roots()).hasSize(1).doesNotContain(old);
    assertThat(deaf.leafRoot).isEqualTo(old);
  }

  @Test
  void goesOnWithoutNoReplicaEvenByForce() throws Exception {
    World world = new World(new SplittableRandom(4), 3);
    Driver driver = driver(world);
    driver.begin(false);
    world.replicas.getFirst().away = true;

    assertThatThrownBy(() -> driver.drive(PATIENCE, true))
        .isInstanceOf(Driver.Stopped.class)
        .hasMessageContaining("refmesh-system/one cannot be asked: nobody listens");
  }

  @Test
  void asksNoReplicaThatNeverRanOrHasEnded() throws Exception {
    World world = new World(new SplittableRandom(6), 3);
    RootName old = world.issuer();
    world.idle.putAll(Map.of("evicted", "Failed", "unscheduled", "Pending"));
    Driver driver = driver(world);

    driver.begin(false);
    driver.drive(PATIENCE, false);

    rotated(world, old);
    world.idle.put("starting", "Running");
    assertThatThrownBy(() -> driver.begin(false))
        .hasMessageContaining("refmesh-system/starting cannot be asked");
  }

  @Test
  void doesNotBeginWhatItCouldNotEnd() throws Exception {
    World world = new World(new SplittableRandom(5), 3);
    world.sidecars.getFirst().silent = true;
    assertThatThrownBy(() -> driver(world).begin(false))
        .hasMessageContaining("not begun: shop/pod-0 has a sidecar of an older version");
    world.sidecars.getFirst().silent = false;

    world.replicas.getLast().away = true;
    assertThatThrownBy(() -> driver(world).begin(true))
        .hasMessageContaining("not begun: refmesh-system/two cannot be asked");
    world.replicas.getLast().away = false;

    world.forbidden = Set.of("update pods");
    assertThatThrownBy(() -> driver(world).begin(false))
        .hasMessageContaining("you may not update pods in every namespace");
    world.forbidden = Set.of();

    ObjectNode secret = (ObjectNode) world.get(Sight.SECRET).orElseThrow();
    ((ObjectNode) secret.path("metadata"))
        .putObject("annotations")
        .put("cert-manager.io/certificate-name", "issuer");
    world.replace(Sight.SECRET, secret);
    assertThatThrownBy(() -> driver(world).begin(false))
        .hasMessageContaining("is written by cert-manager, from the Certificate issuer");

    secret = (ObjectNode) world.get(Sight.SECRET).orElseThrow();
    ((ObjectNode) secret.path("metadata")).remove(List.of("annotations", "labels"));
    world.replace(Sight.SECRET, secret);
    assertThatThrownBy(() -> driver(world).begin(true))
        .hasMessageContaining("was not made by the control plane (expected: one with the label");
    assertThat(world.get(Sight.NEXT)).isEmpty();
  }

  @Test
  void tellsThePodsBeforeItLooksWhetherTheirSidecarsTrustTheRoot() {
    Seen seen = seen(Set.of(OLD, NEW), OLD, replica(OLD, Set.of(OLD, NEW), 60), pod(Set.of(OLD)));

    assertThat(Rotation.next(seen, false)).isEqualTo(new Step.Tell(List.of("shop/a")));
  }

  @Test
  void waitsUntilNoPodIsInjectedWithTheRootsOfBeforeAnyMore() {
    Seen seen =
        seen(
            Set.of(OLD, NEW),
            OLD,
            replica(OLD, Set.of(OLD, NEW), 14),
            pod(Set.of(OLD, NEW), holding(OLD, Set.of(OLD, NEW))));

    assertThat(blockers(seen))
        .singleElement()
        .asString()
        .contains("trusts the new root for less than 15 s");
    assertThat(Rotation.next(seen, true)).isInstanceOf(Step.Wait.class);
  }

  @Test
  void switchesOnlyWhenTheApiServerWouldBelieveTheWebhooksToo() {
    Seen ready =
        seen(
            Set.of(OLD, NEW),
            OLD,
            replica(OLD, Set.of(OLD, NEW), 15),
            pod(Set.of(OLD, NEW), holding(OLD, Set.of(OLD, NEW))));
    assertThat(Rotation.next(ready, false)).isEqualTo(new Step.SwitchIssuer());

    Seen unbelieved =
        new Seen(
            ready.roots(),
            ready.issuerRoot(),
            ready.next(),
            ready.replicas(),
            List.of(new Seen.Webhook("webhook inject", Set.of(OLD))),
            ready.workloads(),
            NOW);
    assertThat(blockers(unbelieved))
        .singleElement()
        .asString()
        .contains("webhook inject has no caBundle with the new root yet");
  }

  @Test
  void takesAPodWhoseSidecarNeverRanForOneThatHoldsNothing() {
    Seen.Workload waiting =
        new Seen.Workload("shop/a", Optional.of(Set.of(OLD, NEW)), false, false, List.of());
    Seen.Workload running =
        new Seen.Workload("shop/a", Optional.of(Set.of(OLD, NEW)), true, false, List.of());

    assertThat(
            Rotation.next(
                seen(Set.of(OLD, NEW), OLD, replica(OLD, Set.of(OLD, NEW), 60), waiting), false))
        .isEqualTo(new Step.SwitchIssuer());
    assertThat(blockers(seen(Set.of(OLD, NEW), OLD, replica(OLD, Set.of(OLD, NEW), 60), running)))
        .singleElement()
        .asString()
        .contains("shop/a is not connected to the control plane, so nobody knows");
  }

  @Test
  void dropsNothingWhileAReplicaSignsOrShowsItselfUnderTheOldRoot() {
    Seen.Workload good = pod(Set.of(OLD, NEW), holding(NEW, Set.of(OLD, NEW)));
    assertThat(blockers(seen(Set.of(OLD, NEW), NEW, replica(OLD, Set.of(OLD, NEW), 60), good)))
        .singleElement()
        .asString()
        .contains("signs under the old root yet");
    Seen.Replica shows =
        new Seen.Replica(
            "one", "", NEW, Set.of(OLD, NEW), Set.of(OLD, NEW), Duration.ofSeconds(60));
    assertThat(blockers(seen(Set.of(OLD, NEW), NEW, shows, good)))
        .singleElement()
        .asString()
        .contains("has a certificate of its own under the old root");
    assertThat(
            Rotation.next(
                seen(Set.of(OLD, NEW), NEW, replica(NEW, Set.of(OLD, NEW), 60), good), false))
        .isEqualTo(new Step.DropOld());
  }

  @Test
  void doesNotWaitForACertificateThatHasEnded() {
    Seen.Workload ended =
        pod(Set.of(OLD, NEW), new Seen.Holding(OLD, NOW.minusSeconds(1), Set.of(OLD, NEW)));

    assertThat(
            Rotation.next(
                seen(Set.of(OLD, NEW), NEW, replica(NEW, Set.of(OLD, NEW), 60), ended), false))
        .isEqualTo(new Step.DropOld());
  }

  @Test
  void isNotOverBeforeEverySidecarDroppedTheOldRoot() {
    Seen.Workload trusts = pod(Set.of(NEW), holding(NEW, Set.of(OLD, NEW)));
    Seen.Workload dropped = pod(Set.of(NEW), holding(NEW, Set.of(NEW)));

    assertThat(blockers(seen(Set.of(NEW), NEW, replica(NEW, Set.of(NEW), 60), trusts)))
        .singleElement()
        .asString()
        .contains("shop/a trusts the old root yet");
    assertThat(Rotation.next(seen(Set.of(NEW), NEW, replica(NEW, Set.of(NEW), 60), dropped), false))
        .isEqualTo(new Step.Finish());
  }

  private Runnable onSwitched = () -> {};

  private Driver driver(World world) {
    return new Driver(
        world,
        world,
        duration -> world.second(),
        new SecureRandom(),
        new Driver.Progress() {
          @Override
          public void phase(Phase phase) {
            told.add(phase.name());
            if (phase == Phase.SWITCHED) {
              onSwitched.run();
            }
          }

          @Override
          public void waiting(List<Blocker> blockers) {
            told.add("waits " + blockers);
          }

          @Override
          public void leftBehind(List<Blocker> workloads) {
            workloads.forEach(workload -> told.add("left " + workload));
          }
        });
  }

  private void rotated(World world, RootName old) throws IOException {
    assertThat(world.roots()).hasSize(1).doesNotContain(old);
    assertThat(world.issuer()).isNotEqualTo(old);
    assertThat(world.get(Sight.NEXT)).isEmpty();
    // Those that have been told.
    assertThat(world.sidecars)
        .filteredOn(sidecar -> sidecar.connected)
        .allSatisfy(sidecar -> assertThat(sidecar.leafRoot).isEqualTo(world.issuer()));
  }

  private static List<Blocker> blockers(Seen seen) {
    return Rotation.next(seen, false) instanceof Step.Wait(List<Blocker> blockers)
        ? blockers
        : List.of();
  }

  private static Seen seen(
      Set<RootName> roots, RootName issuer, Seen.Replica replica, Seen.Workload workload) {
    return new Seen(
        roots,
        issuer,
        Optional.of(new Seen.Next(NEW, Set.of(OLD))),
        List.of(replica),
        List.of(new Seen.Webhook("webhook inject", roots)),
        List.of(workload),
        NOW);
  }

  private static Seen.Replica replica(RootName leafRoot, Set<RootName> roots, int settled) {
    return new Seen.Replica(
        "one", "", leafRoot, Set.of(leafRoot), roots, Duration.ofSeconds(settled));
  }

  private static Seen.Workload pod(Set<RootName> bootstrap, Seen.Holding... holdings) {
    return new Seen.Workload("shop/a", Optional.of(bootstrap), true, false, List.of(holdings));
  }

  private static Seen.Holding holding(RootName leafRoot, Set<RootName> roots) {
    return new Seen.Holding(leafRoot, NOW.plusSeconds(3600), roots);
  }
}
