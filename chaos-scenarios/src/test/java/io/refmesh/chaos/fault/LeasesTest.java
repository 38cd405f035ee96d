package io.refmesh.chaos.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LeasesTest {

  private static final Duration LONG = Duration.ofMinutes(1);

  private final List<String> events = new ArrayList<>();
  private final List<Scheduled> timers = new ArrayList<>();
  private Instant now = Instant.ofEpochSecond(1_000);
  private final Leases leases = new Leases(() -> now, this::schedule);

  private static final class Scheduled {
    final Runnable action;
    boolean cancelled;

    Scheduled(Runnable action) {
      this.action = action;
    }
  }

  private Leases.Timer.Cancel schedule(Duration after, Runnable action) {
    Scheduled timer = new Scheduled(action);
    timers.add(timer);
    return () -> timer.cancelled = true;
  }

  @Test
  void endsTheLatestFirst() throws Exception {
    leases.begin("a", fault("a"), LONG);
    leases.begin("b", fault("b"), LONG);
    leases.begin("c", fault("c"), LONG);
    leases.endAll();
    assertThat(events).containsExactly("+a", "+b", "+c", "-c", "-b", "-a");
    assertThat(leases.isEmpty()).isTrue();
    assertThat(timers).allMatch(timer -> timer.cancelled);
    assertThat(leases.problems()).isEmpty();
  }

  @Test
  void endsEachFaultOnceHoweverOftenItIsAsked() throws Exception {
    leases.begin("a", fault("a"), LONG);
    leases.end("a");
    leases.end("a");
    leases.close();
    timers.forEach(timer -> timer.action.run());
    assertThat(events).containsExactly("+a", "-a");
  }

  @Test
  void endsAFaultByItselfWhenItsTimeIsOverAndSaysSo() throws Exception {
    leases.begin("a", fault("a"), Duration.ofSeconds(5));
    now = now.plusSeconds(5);
    timers.getFirst().action.run();
    assertThat(events).containsExactly("+a", "-a");
    assertThat(leases.problems())
        .containsExactly("fault a ended by itself after 5000 ms: nobody had ended it in time");
    assertThat(leases.spans())
        .containsExactly(
            new Leases.Span("a", Instant.ofEpochSecond(1_000), Instant.ofEpochSecond(1_005)));
  }

  @Test
  void undoesAFaultThatCouldNotBeBegunWhole() {
    Fault half =
        new Fault() {
          @Override
          public void begin() throws IOException {
            events.add("+half");
            throw new IOException("the second of two instances did not answer");
          }

          @Override
          public void end() {
            events.add("-half");
          }
        };
    assertThatThrownBy(() -> leases.begin("half", half, LONG))
        .hasMessageContaining("did not answer");
    assertThat(events).containsExactly("+half", "-half");
    assertThat(leases.isEmpty()).isTrue();
  }

  @Test
  void endsTheOthersWhenOneCannotBeEnded() throws Exception {
    leases.begin("a", fault("a"), LONG);
    leases.begin(
        "stuck",
        new Fault() {
          @Override
          public void begin() {
            events.add("+stuck");
          }

          @Override
          public void end() throws IOException {
            throw new IOException("nobody answers");
          }
        },
        LONG);
    leases.begin("c", fault("c"), LONG);
    leases.endAll();
    assertThat(events).containsExactly("+a", "+stuck", "+c", "-c", "-a");
    assertThat(leases.problems()).containsExactly("fault stuck could not be ended: nobody answers");
  }

  @Test
  void endsFaultsOnAnInterruptedThreadAndKeepsTheInterrupt() throws Exception {
    leases.begin(
        "waits",
        new Fault() {
          @Override
          public void begin() {}

          @Override
          public void end() throws InterruptedException {
            Thread.sleep(1);
            events.add("-waits");
          }
        },
        LONG);
    Thread.currentThread().interrupt();
    leases.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(events).containsExactly("-waits");
  }

  @Test
  void beginsNothingOnceTheRunIsBeingStopped() {
    leases.close();
    assertThatThrownBy(() -> leases.begin("late", fault("late"), LONG))
        .hasMessageContaining("being stopped");
    assertThat(events).isEmpty();
  }

  private Fault fault(String id) {
    return new Fault() {
      @Override
      public void begin() {
        events.add("+" + id);
      }

      @Override
      public void end() {
        events.add("-" + id);
      }
    };
  }
}
