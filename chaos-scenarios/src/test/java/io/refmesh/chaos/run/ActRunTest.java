package io.refmesh.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.expect.Figures;
import io.refmesh.chaos.fault.Fault;
import io.refmesh.chaos.fault.Leases;
import io.refmesh.chaos.scenario.Act;
import io.refmesh.chaos.scenario.Expectation;
import io.refmesh.chaos.scenario.Expectation.Window;
import io.refmesh.chaos.scenario.FaultPlan;
import io.refmesh.chaos.scenario.Windows;
import io.refmesh.chaos.verdict.Result;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** The course of an act, by a clock that only moves when somebody sleeps. */
final class ActRunTest {

  private static final Instant START = Instant.ofEpochSecond(1_000);

  private final List<String> events = new ArrayList<>();
  private final Map<String, Double> figures = new HashMap<>();
  private final ManualTime time = new ManualTime();
  private final Leases leases = new Leases(time, (after, action) -> () -> {});
  private Optional<Duration> detected = Optional.empty();

  private final class ManualTime implements Time {
    Instant now = START;

    @Override
    public synchronized Instant instant() {
      return now;
    }

    @Override
    public synchronized void sleep(Duration duration) throws InterruptedException {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      now = now.plus(duration);
    }
  }

  private record FakeMark(Instant at) implements Observations.Mark {}

  private final class FakeObservations implements Observations {
    @Override
    public Mark mark() {
      return new FakeMark(time.instant());
    }

    @Override
    public Figures figures(Mark from, Mark to, Optional<Figures> before) {
      return name ->
          switch (name) {
            case "from" -> OptionalDouble.of(Duration.between(START, from.at()).toMillis());
            case "to" -> OptionalDouble.of(Duration.between(START, to.at()).toMillis());
            case "before.from" ->
                before.isPresent() ? before.get().figure("from") : OptionalDouble.empty();
            default ->
                figures.containsKey(name)
                    ? OptionalDouble.of(figures.get(name))
                    : OptionalDouble.empty();
          };
    }

    @Override
    public Optional<Duration> firstTrue(Expression condition, Mark since, Duration within) {
      return detected;
    }
  }

  @Test
  void faultsAreInForceInTheMiddleWindowAndEndInReverse() throws Exception {
    List<FaultPlan> plans =
        List.of(
            plan("first"),
            plan("second", Duration.ofSeconds(1), Optional.of(Duration.ofSeconds(2))),
            plan("third"));
    run(
        act(
            plans,
            List.of(window("w", Window.DURING, "from == 2000 and to == 7000", Duration.ZERO))));
    assertThat(events)
        .containsExactly(
            "+first @2000",
            "+third @2000",
            "+second @3000",
            "-second @5000",
            "-third @7500",
            "-first @7500");
    assertThat(leases.spans())
        .containsExactlyInAnyOrder(
            new Leases.Span("second", START.plusSeconds(3), START.plusSeconds(5)),
            new Leases.Span("third", START.plusSeconds(2), START.plusMillis(7_500)),
            new Leases.Span("first", START.plusSeconds(2), START.plusMillis(7_500)));
  }

  @Test
  void everyWindowIsJudgedByItsOwnMarks() throws Exception {
    ActRun.Outcome outcome =
        run(
            act(
                List.of(),
                List.of(
                    window("before", Window.BEFORE, "from == 0 and to == 2000", Duration.ZERO),
                    window("during", Window.DURING, "from == 2000 and to == 7000", Duration.ZERO),
                    window(
                        "skipped",
                        Window.DURING,
                        "from == 5000 and to == 7000",
                        Duration.ofSeconds(3)),
                    window("after", Window.AFTER, "from == 7500 and to == 10500", Duration.ZERO),
                    window("all", Window.ALL, "from == 0 and to == 10500", Duration.ZERO),
                    window("compared", Window.DURING, "before.from == 0", Duration.ZERO))));
    assertThat(outcome.judgements())
        .allSatisfy(judgement ->
            assertThat(judgement.verdict().result())
                .as(judgement.verdict().observed())
                .isEqualTo(Result.PASSED));
    assertThat(outcome.windows()).containsOnlyKeys(Window.BEFORE, Window.DURING, Window.AFTER);
  }

  @Test
  void faultsEndWhenOneOfThemCannotBegin() {
    Act act = act(List.of(plan("first"), plan("broken"), plan("never")), List.of());
    assertThatThrownBy(() -> run(act)).isInstanceOf(IOException.class).hasMessage("cannot begin");
    assertThat(events)
        .containsExactly("+first @2000", "+broken @2000", "-broken @2000", "-first @2000");
    assertThat(leases.isEmpty()).isTrue();
  }

  @Test
  void faultsEndWhenTheRunIsInterrupted() {
    Act act = act(List.of(plan("first"), plan("interrupts")), List.of());
    assertThatThrownBy(() -> run(act)).isInstanceOf(InterruptedException.class);
    assertThat(events)
        .containsExactly("+first @2000", "+interrupts @2000", "-interrupts @2000", "-first @2000");
  }

  @Test
  void whatIsNoticedInTimeIsAMomentOfTheTimeline() throws Exception {
    detected = Optional.of(Duration.ofMillis(1_200));
    ActRun.Outcome outcome = run(act(List.of(plan("first")), List.of(detection())));
    assertThat(outcome.judgements().getFirst().verdict().result()).isEqualTo(Result.PASSED);
    assertThat(outcome.judgements().getFirst().verdict().observed()).isEqualTo("after 1200 ms");
    assertThat(outcome.moments())
        .containsExactly(new ActRun.Moment("noticed", START.plusMillis(3_200)));
  }

  @Test
  void whatIsNotNoticedFails() throws Exception {
    ActRun.Outcome outcome = run(act(List.of(plan("first")), List.of(detection())));
    assertThat(outcome.judgements().getFirst().verdict().result()).isEqualTo(Result.FAILED);
    assertThat(outcome.judgements().getFirst().verdict().observed()).isEqualTo("not within 3 s");
    assertThat(outcome.moments()).isEmpty();
  }

  @Test
  void whatNobodyMeasuredFailsAndIsNoKnownFailure() throws Exception {
    ActRun.Outcome outcome =
        run(
            act(
                List.of(),
                List.of(window("w", Window.DURING, "client.gone.errors == 0", Duration.ZERO))));
    assertThat(outcome.judgements().getFirst().failed()).isTrue();
    assertThat(outcome.judgements().getFirst().known()).isFalse();
    assertThat(outcome.judgements().getFirst().verdict().observed())
        .startsWith("not known: ")
        .contains("client.gone.errors");
  }

  @Test
  void figuresOfFaultsAndHopsAreThereToo() throws Exception {
    ActRun.Outcome outcome =
        run(
            act(
                List.of(plan("first")),
                List.of(
                    window(
                        "w",
                        Window.DURING,
                        "fault.first.attempts == 3 and hop.wire.bytes == 9",
                        Duration.ZERO))));
    assertThat(outcome.judgements().getFirst().verdict().result()).isEqualTo(Result.PASSED);
  }

  @Test
  void waitsForRequestsUnderWayButNotForever() throws Exception {
    figures.put("client.browse.unfinished", 2.0);
    figures.put("client.browse.outcome.timeout", 1.0);
    run(act(List.of(), List.of()));
    assertThat(Duration.between(START, time.now)).isEqualTo(Duration.ofMillis(10_500 + 2_000));
    figures.put("client.browse.unfinished", 1.0);
    Instant before = time.now;
    run(act(List.of(), List.of()));
    assertThat(Duration.between(before, time.now)).isEqualTo(Duration.ofMillis(10_500));
  }

  private ActRun.Outcome run(Act act) throws IOException, InterruptedException {
    return new ActRun(
            act,
            new FakeObservations(),
            leases,
            new FakeInjector(),
            new SilentScreen(),
            time,
            List.of("browse"),
            Duration.ofSeconds(2))
        .run();
  }

  private static Act act(List<FaultPlan> faults, List<Expectation> expectations) {
    Windows windows =
        new Windows(
            Duration.ofSeconds(2),
            Duration.ofSeconds(5),
            Duration.ofMillis(500),
            Duration.ofSeconds(3));
    return new Act(Act.REAL, "", List.of(), faults, windows, expectations, Optional.empty());
  }

  private static FaultPlan plan(String id) {
    return plan(id, Duration.ZERO, Optional.empty());
  }

  private static FaultPlan plan(String id, Duration at, Optional<Duration> lasting) {
    return new FaultPlan(id, at, lasting, Duration.ofMinutes(1), new FaultPlan.ControlPlaneAway());
  }

  private static Expectation window(String id, Window window, String that, Duration skip) {
    return new Expectation(
        id,
        "",
        window,
        skip,
        that,
        Expression.parseCondition(that),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static Expectation detection() {
    return new Expectation(
        "noticed",
        "",
        Window.DURING,
        Duration.ZERO,
        "a == 1",
        Expression.parseCondition("a == 1"),
        Optional.empty(),
        Optional.of(Duration.ofSeconds(3)),
        Optional.empty());
  }

  private final class FakeInjector implements ActRun.Injector {
    @Override
    public Fault fault(FaultPlan plan) {
      return new Fault() {
        @Override
        public void begin() throws IOException {
          events.add("+" + plan.id() + " @" + sinceStart());
          if (plan.id().equals("broken")) {
            throw new IOException("cannot begin");
          }
          if (plan.id().equals("interrupts")) {
            Thread.currentThread().interrupt();
          }
        }

        @Override
        public void end() {
          events.add("-" + plan.id() + " @" + sinceStart());
        }

        @Override
        public Map<String, Double> figures() {
          return Map.of("attempts", 3.0);
        }
      };
    }

    @Override
    public Map<String, Double> figures(Instant since) {
      return Map.of("hop.wire.bytes", 9.0);
    }
  }

  private long sinceStart() {
    return Duration.between(START, time.instant()).toMillis();
  }

  private static final class SilentScreen implements Screen {
    @Override
    public void act(String name) {}

    @Override
    public void window(String name, Duration length) {}

    @Override
    public void tick(String window) {}

    @Override
    public void say(String line) {}
  }
}
