package io.refmesh.load.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class BenchTest {

  private static Measured measured(String workload, String peer, int round, double cpu) {
    return new Measured(workload, peer, round, Map.of("cpu_us", cpu, "rate", 1e6 / cpu));
  }

  @Test
  void takesRatiosWithinRoundsAndThenTheMedian() {
    List<Measured> all =
        List.of(
            measured("h1-c32", "envoy", 0, 100),
            measured("h1-c32", "refmesh", 0, 50),
            // A neighbour was busy in this round: both cost more.
            measured("h1-c32", "envoy", 1, 300),
            measured("h1-c32", "refmesh", 1, 165),
            measured("h1-c32", "envoy", 2, 100),
            measured("h1-c32", "refmesh", 2, 90));
    Musts.Verdict cpu = Musts.judge(all).getFirst();
    assertThat(cpu.figure()).hasValue(0.55);
    assertThat(cpu.met()).isTrue();
  }

  @Test
  void takesWhatIsAddedToNoProxyAsADifference() {
    List<Measured> all =
        List.of(
            new Measured("h1-rate", "direct", 0, Map.of("p50_ms", 0.2, "p99_ms", 1.0)),
            new Measured("h1-rate", "refmesh", 0, Map.of("p50_ms", 0.7, "p99_ms", 6.5)));
    List<Musts.Verdict> added =
        Musts.judge(all).stream()
            .filter(verdict ->
                verdict.sentence().startsWith("h1-rate: ")
                    && verdict.sentence().endsWith(" added, ms"))
            .toList();
    assertThat(added).extracting(Musts.Verdict::text).containsExactly("0.50", "5.50");
    assertThat(added).extracting(Musts.Verdict::met).containsExactly(true, false);
    assertThat(added.getLast().bound()).isEqualTo("≤ 5 more than direct");
  }

  @Test
  void doesNotPassWhatIsTooDearOrWasNotMeasured() {
    List<Measured> all =
        List.of(measured("h1-c32", "envoy", 0, 100), measured("h1-c32", "refmesh", 0, 61));
    List<Musts.Verdict> verdicts = Musts.judge(all);
    assertThat(verdicts.getFirst().met()).isFalse();
    assertThat(verdicts.get(1).figure()).isEmpty();
    assertThat(verdicts.get(1).met()).isFalse();
    assertThat(
            Page.html(
                Map.of("noise", "<1>"),
                all,
                List.of(new WarmUp("h1-c32", "refmesh", 5, List.of(120.0, 40.0))),
                verdicts,
                "0 passed, 1 failed"))
        .contains("not met", "not measured", "&lt;1>", "<svg");
  }

  @Test
  void readsItsOptionsAndRefusesOthers() {
    BenchOptions options =
        BenchOptions.of(
            new String[] {"--rounds", "1", "--workloads", "h1-c32,lifecycle", "--peers", ""},
            List.of("envoy", "refmesh"));
    assertThat(options.rounds()).isEqualTo(1);
    assertThat(options.workloads()).containsExactly(Workload.H1_C32, Workload.LIFECYCLE);
    assertThat(options.peers()).containsExactly("envoy", "refmesh");
    for (String[] wrong :
        List.of(
            new String[] {"--rounds", "0"},
            new String[] {"--workloads", "h3"},
            new String[] {"--round", "1"},
            new String[] {"--rounds"})) {
      assertThatThrownBy(() -> BenchOptions.of(wrong, List.of()))
          .hasMessageContaining(wrong[0])
          .hasMessageContaining("expected");
    }
  }

  @Test
  void countsAStallForAllThatWereDueInIt() throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
    AtomicInteger seen = new AtomicInteger();
    server.setExecutor(Executors.newSingleThreadExecutor());
    server.createContext(
        "/small",
        exchange -> {
          if (seen.incrementAndGet() == 100) {
            LockSupport.parkNanos(300_000_000);
          }
          exchange.sendResponseHeaders(200, 2);
          exchange.getResponseBody().write(new byte[2]);
          exchange.close();
        });
    server.start();
    try {
      Load load = OpenLoop.run(server.getAddress().getPort(), 200, 1);
      assertThat(load.requests()).isEqualTo(200);
      assertThat(load.errors()).isZero();
      // 300 ms of 1 s: about sixty requests were due meanwhile, each waited its share.
      assertThat(load.more().get("p99_ms")).isGreaterThan(150);
    } finally {
      server.stop(0);
    }
  }
}
