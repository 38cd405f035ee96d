package io.refmesh.control.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is known of one kind while its API server lists, tells, forgets and breaks. */
class FollowerTest {

  private static final ApiFailure AWAY = new ApiFailure(0, "Connection refused");

  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-11-23T10:00:00Z"));
  private final Health health = new Health("nodes", now::get);
  private final FakeApi api = new FakeApi();
  private final BlockingQueue<Boolean> changes = new LinkedBlockingQueue<>();
  private final Follower<String> follower =
      new Follower<>(
          new Kind.Served(Kind.NODE, "v1"),
          api,
          object -> {
            String zone = object.path("metadata").path("labels").path("zone").asString("");
            return zone.isEmpty()
                ? Optional.empty()
                : Optional.of(object.path("metadata").path("name").asString("") + "=" + zone);
          },
          () -> changes.add(true),
          health,
          new Pace(
              Duration.ofMillis(1),
              Duration.ofMillis(4),
              Duration.ofMillis(20),
              Duration.ZERO,
              Duration.ZERO),
          new SplittableRandom(1));

  @AfterEach
  void close() {
    follower.close();
  }

  @Test
  void readsEverythingPageByPageAndThenFollowsFromThere() throws Exception {
    api.pages(2);
    for (int index = 0; index < 5; index++) {
      api.put(Kind.NODE, node("n" + index, "a"));
    }
    follower.start();

    assertThat(api.nextWatch(Kind.NODE).since()).isEqualTo("105");
    assertThat(follower.items()).hasSize(5);
    follower.following().get(5, TimeUnit.SECONDS);
    assertThat(health.lists()).isEqualTo(1);
  }

  @Test
  void appliesEventsInTheirOrder() throws Exception {
    follower.start();
    api.nextWatch(Kind.NODE);

    api.put(Kind.NODE, node("one", "a"));
    api.put(Kind.NODE, node("one", "b"));
    api.put(Kind.NODE, node("two", "c"));
    assertThat(known()).containsExactly("one=b", "two=c");

    api.delete(Kind.NODE, node("one", "b"));
    api.put(Kind.NODE, node("two", ""));
    assertThat(known()).as("deleted, and of no interest any more").isEmpty();
  }

  @Test
  void tellsOnlyWhatIsDifferent() throws Exception {
    follower.start();
    api.nextWatch(Kind.NODE);
    api.put(Kind.NODE, node("one", "a"));
    changes.clear();

    api.put(Kind.NODE, node("one", "a"));
    assertThat(changes).isEmpty();
    api.put(Kind.NODE, node("one", "b"));
    assertThat(changes).hasSize(1);
  }

  @Test
  void goesOnWhereItWasWhenTheWatchBreaks() throws Exception {
    follower.start();
    FakeApi.Open first = api.nextWatch(Kind.NODE);
    api.put(Kind.NODE, node("one", "a"));
    first.fail(new ApiFailure(0, "Connection reset"));

    assertThat(api.nextWatch(Kind.NODE).since()).isEqualTo("101");
    assertThat(health.lists()).as("nothing was read anew").isEqualTo(1);
    assertThat(health.reconnects()).isEqualTo(1);
    assertThat(follower.failure()).isEmpty();
  }

  @Test
  void goesOnFromTheLastBookmark() throws Exception {
    follower.start();
    FakeApi.Open first = api.nextWatch(Kind.NODE);
    first
        .events()
        .event("BOOKMARK", Manifests.of("{kind: Node, metadata: {resourceVersion: \"900\"}}"));
    first.ended().complete(null);

    assertThat(api.nextWatch(Kind.NODE).since()).isEqualTo("900");
    assertThat(health.reconnects()).as("a watch that ends in time is none").isZero();
  }

  @Test
  void readsAllAnewWhenTheServerHasForgottenWhereItWas() throws Exception {
    api.put(Kind.NODE, node("stays", "a"));
    api.put(Kind.NODE, node("goes", "a"));
    follower.start();
    FakeApi.Open first = api.nextWatch(Kind.NODE);
    api.deleteUnseen(Kind.NODE, node("goes", "a"));
    api.putUnseen(Kind.NODE, node("comes", "b"));
    first.fail(new ApiFailure(410, "too old resource version"));

    api.nextWatch(Kind.NODE);
    assertThat(known()).containsExactly("comes=b", "stays=a");
    assertThat(health.lists()).isEqualTo(2);
    assertThat(follower.failure()).as("it is nothing to be told of").isEmpty();
  }

  @Test
  void keepsWhatItKnowsWhileTheServerIsAwayAndSaysSo() throws Exception {
    api.put(Kind.NODE, node("one", "a"));
    follower.start();
    api.nextWatch(Kind.NODE);
    changes.clear();
    api.fail(AWAY);

    while (health.reconnects() < 4) {
      Thread.onSpinWait();
    }
    assertThat(known()).containsExactly("one=a");
    assertThat(follower.failure()).contains(AWAY);
    assertThat(changes).as("told once, not at each attempt").hasSize(1);

    api.fail(null);
    api.nextWatch(Kind.NODE);
    assertThat(follower.failure()).isEmpty();
    assertThat(changes).hasSize(2);
  }

  @Test
  void beginsAWatchAnewThatHasGoneSilent() throws Exception {
    follower.start();
    FakeApi.Open first = api.nextWatch(Kind.NODE);
    now.updateAndGet(time -> time.plusMillis(20));

    FakeApi.Open second = api.nextWatch(Kind.NODE);
    first.events().event("ADDED", Manifests.of(node("late", "a")));
    assertThat(known()).as("what the dead watch still brings").isEmpty();
    second.events().event("ADDED", Manifests.of(node("new", "a")));
    assertThat(known()).containsExactly("new=a");
    assertThat(health.silence()).isZero();
  }

  @Test
  void leavesAWatchThatIsQuietButAlive() throws Exception {
    follower.start();
    FakeApi.Open first = api.nextWatch(Kind.NODE);

    assertThat(api.maybeWatch(Kind.NODE, Duration.ofMillis(60))).isEmpty();
    assertThat(first.ended()).isNotDone();
    assertThat(health.reconnects()).isZero();
  }

  @Test
  void waitsLongerWithEachFailureUpToABound() {
    Pace pace = Pace.STANDARD;
    List<Duration> waits = new ArrayList<>();
    for (int failures = 1; failures < 60; failures++) {
      waits.add(pace.wait(failures, new SplittableRandom(failures)));
    }
    assertThat(waits.getFirst()).isBetween(Duration.ofMillis(100), Duration.ofMillis(200));
    assertThat(waits).allSatisfy(wait -> assertThat(wait).isLessThanOrEqualTo(pace.longest()));
    assertThat(waits.getLast()).isGreaterThanOrEqualTo(pace.longest().dividedBy(2));
  }

  private List<String> known() {
    return follower.items().stream().sorted().toList();
  }

  private static String node(String name, String zone) {
    return "{kind: Node, metadata: {name: " + name + ", labels: {zone: \"" + zone + "\"}}}";
  }
}
