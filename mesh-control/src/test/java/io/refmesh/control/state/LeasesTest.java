package io.refmesh.control.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Detour;
import io.refmesh.control.registry.Metadata;
import io.refmesh.control.registry.Origin;
import io.refmesh.model.discovery.HostPort;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class LeasesTest {

  private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");

  private final Leases leases = Leases.of("");

  @Test
  void countsFromWhenAFileWasFirstSeen() {
    Detour detour = detour(Optional.empty());
    assertThat(leases.update(List.of(detour), NOW)).isTrue();
    assertThat(leases.update(List.of(detour), NOW.plusSeconds(10))).isFalse();
    assertThat(leases.end(detour, NOW.plusSeconds(59))).contains(NOW.plusSeconds(60));
    assertThat(leases.end(detour, NOW.plusSeconds(60))).isEmpty();
  }

  @Test
  void countsFromTheLastChangeThatAnApiServerKnowsAlsoInAProcessThatKnowsNothing() {
    Detour detour = detour(Optional.of(NOW.minusSeconds(50)));
    leases.update(List.of(detour), NOW);
    assertThat(leases.end(detour, NOW)).contains(NOW.plusSeconds(10));
    assertThat(leases.next(NOW)).contains(NOW.plusSeconds(10));

    Detour past = detour(Optional.of(NOW.minusSeconds(61)));
    leases.update(List.of(past), NOW);
    assertThat(leases.end(past, NOW)).isEmpty();
  }

  @Test
  void aChangeThatAnApiServerTellsProlongs() {
    leases.update(List.of(detour(Optional.of(NOW))), NOW);
    Detour again = detour(Optional.of(NOW.plusSeconds(30)));
    assertThat(leases.update(List.of(again), NOW.plusSeconds(31))).isTrue();
    assertThat(leases.end(again, NOW.plusSeconds(31))).contains(NOW.plusSeconds(90));
    assertThat(leases.update(List.of(again), NOW.plusSeconds(32))).isFalse();
  }

  @Test
  void aClockThatIsAheadProlongsNothing() {
    Detour detour = detour(Optional.of(NOW.plusSeconds(3600)));
    leases.update(List.of(detour), NOW);
    assertThat(leases.end(detour, NOW)).contains(NOW.plusSeconds(60));
  }

  @Test
  void whatIsGoneBeginsAnew() {
    Detour detour = detour(Optional.empty());
    leases.update(List.of(detour), NOW);
    leases.update(List.of(), NOW.plusSeconds(20));
    leases.update(List.of(detour), NOW.plusSeconds(40));
    assertThat(leases.end(detour, NOW.plusSeconds(40))).contains(NOW.plusSeconds(100));
  }

  @Test
  void aRestartOfTheProcessProlongsNothing() {
    Detour detour = detour(Optional.empty());
    leases.update(List.of(detour), NOW);
    Leases after = Leases.of(leases.text());
    assertThat(after.update(List.of(detour), NOW.plusSeconds(30))).isFalse();
    assertThat(after.end(detour, NOW.plusSeconds(30))).contains(NOW.plusSeconds(60));
    assertThat(Leases.of("what nobody wrote\n").text()).isEmpty();
  }

  private static Detour detour(Optional<Instant> changed) {
    return new Detour(
        new Metadata("shop", "slow", Instant.EPOCH, changed, 1, Map.of(), Map.of()),
        Origin.NO_FILE,
        List.of(),
        List.of(),
        new HostPort("127.0.0.1", 8666),
        Duration.ofSeconds(60));
  }
}
