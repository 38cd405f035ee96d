package io.refmesh.control.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LeaderLeaseTest {

  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-11-23T12:00:00Z"));

  private final MockTicker ticker = Ticker.newMockTicker();
  private final Shared shared = new Shared();
  private final LeaderLease one = lease("one");
  private final LeaderLease two = lease("two");

  @Test
  void whoeverComesFirstLeads() {
    one.step();
    two.step();

    assertThat(one.leading()).isTrue();
    assertThat(two.leading()).isFalse();
    assertThat(two.confirm()).isFalse();
  }

  @Test
  void aHolderThatRenewsKeepsIt() {
    for (int step = 0; step < 20; step++) {
      one.step();
      two.step();
      pass(3);
    }

    assertThat(one.leading()).isTrue();
    assertThat(two.leading()).isFalse();
    assertThat(shared.held.transitions()).isZero();
  }

  @Test
  void anotherTakesOverWhenTheHolderIsGone() {
    one.step();
    for (int step = 0; step < 6; step++) {
      two.step();
      pass(3);
    }
    two.step();

    assertThat(two.leading()).isTrue();
    assertThat(one.leading()).isFalse();
    assertThat(shared.held.holder()).isEqualTo("two");
    assertThat(shared.held.transitions()).isEqualTo(1);
  }

  @Test
  void anotherNeedNotWaitWhenTheHolderEndsInOrder() {
    one.step();
    one.close();
    // It was about to renew when it was ended.
    one.step();
    two.step();

    assertThat(one.leading()).isFalse();
    assertThat(two.leading()).isTrue();
  }

  @Test
  void aLeaderThatPausedMayNotWriteOnceAnotherLeads() {
    one.step();
    List<String> written = new ArrayList<>();
    // It asks, and sleeps before it writes.
    assertThat(one.leading()).isTrue();
    for (int step = 0; step < 7; step++) {
      two.step();
      pass(3);
    }
    assertThat(two.leading()).isTrue();
    // It wakes.
    if (one.confirm()) {
      written.add("one");
    }
    if (two.confirm()) {
      written.add("two");
    }

    assertThat(written).containsExactly("two");
    assertThat(one.leading()).isFalse();
  }

  @Test
  void aLeaderWhoseClockStoodStillWhileItPausedIsRefusedByTheApiServer() {
    MockTicker frozen = Ticker.newMockTicker();
    LeaderLease suspended = new LeaderLease(shared, "suspended", CLOCK, frozen);
    suspended.step();
    for (int step = 0; step < 7; step++) {
      two.step();
      pass(3);
    }
    assertThat(two.leading()).isTrue();
    // By its own clock no time has passed.
    assertThat(suspended.leading()).isTrue();

    assertThat(suspended.confirm()).isFalse();
    assertThat(suspended.leading()).isFalse();
    assertThat(shared.held.holder()).isEqualTo("two");
  }

  @Test
  void aHolderThatCannotReachTheApiServerStopsToLeadBeforeAnotherMayBegin() {
    one.step();
    two.step();
    shared.away = true;
    long led = 0;
    while (one.leading()) {
      one.step();
      pass(1);
      led++;
    }
    assertThat(led).isEqualTo(LeaderLease.LEADS_FOR.toSeconds());
    assertThat(one.confirm()).isFalse();
    shared.away = false;
    two.step();

    assertThat(two.leading()).isFalse();
  }

  @Test
  void twoNeverLeadAtOnceWhateverHappens() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      Shared store = new Shared();
      MockTicker time = Ticker.newMockTicker();
      List<LeaderLease> all = new ArrayList<>();
      for (String name : List.of("a", "b", "c")) {
        all.add(new LeaderLease(store, name, CLOCK, time));
      }
      int leaders = 0;
      for (int step = 0; step < 300; step++) {
        store.away = random.nextInt(5) == 0;
        LeaderLease replica = all.get(random.nextInt(all.size()));
        switch (random.nextInt(4)) {
          case 0 -> replica.confirm();
          default -> replica.step();
        }
        time.advance(random.nextInt(4_000), TimeUnit.MILLISECONDS);
        long leading = all.stream().filter(LeaderLease::leading).count();
        assertThat(leading).as("seed %d, step %d", seed, step).isLessThanOrEqualTo(1);
        leaders += (int) leading;
      }
      assertThat(leaders).as("seed %d", seed).isPositive();
    }
  }

  private LeaderLease lease(String holder) {
    return new LeaderLease(shared, holder, CLOCK, ticker);
  }

  private void pass(long seconds) {
    ticker.advance(Duration.ofSeconds(seconds).toNanos(), TimeUnit.NANOSECONDS);
  }

  /** A lease as the API server keeps it: each write names the version that it replaces. */
  private static final class Shared implements LeaderLease.Store {

    private LeaderLease.Held held = new LeaderLease.Held("", Instant.EPOCH, Instant.EPOCH, 0, "");
    private int version;
    private boolean away;

    @Override
    public Optional<LeaderLease.Held> read() throws IOException {
      requireHere();
      return version == 0 ? Optional.empty() : Optional.of(held);
    }

    @Override
    public LeaderLease.Held create(LeaderLease.Held first) throws IOException, LeaderLease.Taken {
      requireHere();
      if (version != 0) {
        throw new LeaderLease.Taken(new IOException("exists"));
      }
      return write(first);
    }

    @Override
    public LeaderLease.Held update(LeaderLease.Held next) throws IOException, LeaderLease.Taken {
      requireHere();
      if (!next.version().equals(String.valueOf(version))) {
        throw new LeaderLease.Taken(new IOException("version " + version));
      }
      return write(next);
    }

    private LeaderLease.Held write(LeaderLease.Held next) {
      version++;
      held =
          new LeaderLease.Held(
              next.holder(),
              next.acquired(),
              next.renewed(),
              next.transitions(),
              String.valueOf(version));
      return held;
    }

    private void requireHere() throws IOException {
      if (away) {
        throw new IOException("away");
      }
    }
  }
}
