package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Bin;
import io.refmesh.chaos.verdict.Timeline.Mark;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A run as it could have been: most of it passed, one scenario failed, one was skipped, one
 * aborted. The same at every call.
 */
final class SampleRun {

  private static final String COUNTERS_AGREE =
      "Sidecars, clients and applications counted the same requests.";

  private SampleRun() {}

  static RunVerdict verdict() {
    return new RunVerdict(
        "local",
        Map.of(),
        7_319_024_411L,
        Instant.parse("2026-09-14T08:41:07Z"),
        289_400,
        "make e2e SEED=7319024411",
        List.of(
            mtls(),
            slowBackend(),
            flakyBackend(),
            oneBadReplica(),
            controlPlaneAway(),
            rollingRestart(),
            policyDenies()));
  }

  static ScenarioVerdict mtls() {
    return new ScenarioVerdict(
        "mtls-everywhere",
        "Every hop is encrypted and knows both ends",
        "The shop runs under load while a relay on the wire records what passes. Four intruders try"
            + " to reach a workload: in plain text, with a leaf of a foreign CA, with an expired"
            + " leaf and with the identity of another service. None may get a byte to the"
            + " application.",
        Result.PASSED,
        "",
        24_800,
        List.of(
            passed(
                "no-errors",
                "Users notice nothing.",
                "during",
                "client.browse.errors = 0",
                "client.browse.errors == 0"),
            passed(
                "intruders-refused",
                "Each intruder is refused, every time.",
                "during",
                "plaintext 12 of 12 refused; foreign CA 12 of 12 refused; expired leaf 12 of 12"
                    + " refused; wrong identity 12 of 12 refused",
                "all refused"),
            passed(
                "nothing-arrives",
                "The application behind sees no connection and no byte of them.",
                "all",
                "server.vault.bytes = 0, server.vault.connections = 0",
                "server.vault.bytes == 0 and server.vault.connections == 0"),
            passed(
                "nothing-in-clear",
                "What passes the wire begins with a TLS handshake and shows no request line.",
                "during",
                "483112 bytes captured, first record 22 (handshake), 0 of 3 needles found",
                "more than 0 bytes, first record 22 (handshake), 0 needles found"),
            passed(
                "counters-agree",
                COUNTERS_AGREE,
                "all",
                "shop/web requests 1000; shop/web answers 200 1000; web-0 requests 1000; catalog-v1"
                    + " requests 502; catalog-v2 requests 498",
                "equal, exactly")),
        List.of(
            new ControlVerdict(
                "permissive",
                "Unauthenticated callers are let in; the plain-text intruder gets an answer.",
                true,
                "intruders-refused,nothing-arrives",
                "intruders-refused: plaintext 0 of 12 refused; nothing-arrives: server.vault.bytes"
                    + " = 5232, server.vault.connections = 12")),
        load(3)
            .act("real", 1_200, 4_000, 9_000, 4_000, "intruders")
            .act("permissive", 1_500, 0, 5_000, 0, "intruders")
            .stream("browse", 50, (ms, real, fault) -> new Shape(2.4, 0))
            .timeline());
  }

  static ScenarioVerdict slowBackend() {
    return new ScenarioVerdict(
        "slow-backend",
        "A backend becomes slower than its timeout",
        "Every answer of pricing is held back for 800 ms while its callers allow 500 ms. They get a"
            + " 504 soon after the timeout, none hangs, work in vain is cancelled, and callers of"
            + " other services notice nothing.",
        Result.PASSED,
        "",
        41_300,
        List.of(
            passed(
                "steady-state",
                "Before anything is broken, all is well.",
                "warm-up",
                "after 1204 ms",
                "client.slow.successRate == 1 within 10000 ms of the first request"),
            passed(
                "bounded",
                "Every call ends soon after its timeout.",
                "during",
                "client.slow.p99 = 541 ms, client.slow.unfinished = 0",
                "client.slow.p99 <= 600ms and client.slow.unfinished == 0"),
            passed(
                "says-timeout",
                "Every answer says what happened.",
                "during",
                "client.slow.error.request-timeout = 800, client.slow.requests = 800",
                "client.slow.error.request-timeout == client.slow.requests"),
            passed(
                "cancelled",
                "Work that nobody waits for is cancelled in the backend.",
                "during",
                "client.export.requests = 200, server.pricing.cancelled = 200,"
                    + " server.pricing.maxCancelDelay = 556 ms",
                "server.pricing.cancelled == client.export.requests and"
                    + " server.pricing.maxCancelDelay <= 600ms"),
            passed(
                "others-unharmed",
                "Calls to other services are as fast as before.",
                "during",
                "before.client.other.p99 = 7.4 ms, client.other.errors = 0, client.other.p99 = 8.1"
                    + " ms",
                "client.other.p99 <= max(3 * before.client.other.p99, 50ms) and client.other.errors"
                    + " == 0"),
            passed(
                "recovers",
                "Calls succeed again when the backend does.",
                "after the fault",
                "after 640 ms",
                "client.slow.successRate == 1 within 2 s of the end of the fault"),
            passed(
                "counters-agree",
                COUNTERS_AGREE,
                "all",
                "shop/pricing requests 3100; shop/pricing answers 200 1500; shop/pricing answers"
                    + " 504 1600; shop/catalog requests 1550; shop/catalog answers 200 1550;"
                    + " pricing requests 3100; catalog-v1 requests 781; catalog-v2 requests 769",
                "equal, exactly")),
        List.of(
            new ControlVerdict(
                "no-timeout",
                "The callers' timeout is taken away.",
                true,
                "bounded",
                "bounded: client.slow.p99 = 812 ms, client.slow.unfinished = 0")),
        load(11)
            .act("real", 1_500, 4_000, 10_000, 5_000, "latency 800 ms on load \u2192 pricing")
            .act("no-timeout", 1_800, 0, 6_000, 1_500, "latency 800 ms on load \u2192 pricing")
            .mark("recovered", 16_140)
            .stream(
                "slow",
                80,
                (ms, real, fault) ->
                    fault ? real ? new Shape(503, 1) : new Shape(803, 0) : new Shape(3.1, 0))
            .stream(
                "export",
                20,
                (ms, real, fault) ->
                    fault
                        ? real ? new Shape(504, 1) : new Shape(2_804, 0)
                        : new Shape(505, real ? 1 : 0))
            .stream("other", 50, (ms, real, fault) -> new Shape(2.6, 0))
            .timeline());
  }

  static ScenarioVerdict flakyBackend() {
    return new ScenarioVerdict(
        "flaky-backend",
        "One answer of ten is a 503",
        "Catalog fails at random. Two retries hide that from readers without much more load; orders"
            + " are never sent twice without leave.",
        Result.FAILED,
        "success failed; control retry-posts missed",
        46_200,
        List.of(
            failed(
                "success",
                "Readers hardly ever see a failure.",
                "during",
                "client.browse.successRate = 0.9871",
                "client.browse.successRate >= 0.997 (binomial tolerance for 1500 requests: at least"
                    + " 0.9906)"),
            passed(
                "load",
                "Retries cost the backend little.",
                "during",
                "client.browse.requests = 1500, server.catalog.requests = 1661",
                "server.catalog.requests / client.browse.requests <= 1.15"),
            passed(
                "no-second-effect",
                "No order takes effect twice.",
                "all",
                "server.catalog.duplicates = 0",
                "server.catalog.duplicates == 0"),
            failed(
                "retries-counted",
                "Every extra attempt is counted as a retry.",
                "during",
                "not known: nothing was measured under the name mesh.retry_total{workload=load}",
                "mesh.retry_total{workload=load} == server.catalog.requests -"
                    + " client.browse.requests"),
            passed(
                "counters-agree",
                COUNTERS_AGREE,
                "all",
                "shop/catalog requests 5400; shop/catalog answers 200 5251; shop/catalog answers"
                    + " 503 149; catalog requests 5911",
                "equal, exactly")),
        List.of(
            new ControlVerdict(
                "retries-off",
                "Retries are taken away.",
                true,
                "success",
                "success: client.browse.successRate = 0.9012"),
            new ControlVerdict(
                "retry-posts",
                "Orders are declared safe to repeat, which they are not.",
                false,
                "no-second-effect",
                "no-second-effect: server.catalog.duplicates = 0")),
        load(23)
            .act("real", 1_400, 4_000, 10_000, 4_000, "10 % of answers 503")
            .act("retries-off", 1_600, 0, 5_000, 0, "10 % of answers 503")
            .act("retry-posts", 1_600, 0, 5_000, 0, "10 % of answers 503")
            .stream(
                "browse",
                150,
                (ms, real, fault) ->
                    fault ? new Shape(real ? 6.5 : 3.0, real ? 0.012 : 0.1) : new Shape(2.9, 0))
            .stream(
                "post", 30, (ms, real, fault) -> fault ? new Shape(4.4, 0.1) : new Shape(4.1, 0))
            .timeline());
  }

  static ScenarioVerdict oneBadReplica() {
    return new ScenarioVerdict(
        "one-bad-replica",
        "One of four replicas answers 503",
        "The bad one is ejected within three seconds; from then on only the probes sent to it fail,"
            + " one for each step of the back-off. When it has healed it serves its share again.",
        Result.PASSED,
        "",
        52_700,
        List.of(
            passed(
                "ejected",
                "The bad replica leaves the rotation.",
                "from the fault",
                "after 380 ms",
                "gauge.endpoint_state{state=ejected} >= 1 within 3 s of the beginning of the"
                    + " fault"),
            passed(
                "only-probes-fail",
                "Afterwards nothing fails but what probes it.",
                "during, after its first 3 s",
                "client.browse.errors = 3, server.catalog-v1-0.requests = 3",
                "client.browse.errors <= server.catalog-v1-0.requests"),
            passed(
                "returns",
                "It serves again, with a fair share.",
                "after the fault",
                "after 9400 ms",
                "server.catalog.minShare > 0.1 within 15 s of the end of the fault"),
            passed(
                "counters-agree",
                COUNTERS_AGREE,
                "all",
                "shop/catalog requests 6800; shop/catalog answers 200 6762; shop/catalog answers"
                    + " 503 38; catalog requests 6800",
                "equal, exactly")),
        List.of(
            new ControlVerdict(
                "ejection-off",
                "Nothing is ever ejected.",
                true,
                "ejected,only-probes-fail",
                "ejected: not within 5 s; only-probes-fail: client.browse.errors = 312,"
                    + " server.catalog-v1-0.requests = 312")),
        load(31)
            .act("real", 1_100, 4_000, 10_000, 12_000, "catalog-v1-0 answers 503")
            .act("ejection-off", 1_500, 0, 6_000, 0, "catalog-v1-0 answers 503")
            .mark("detected", 5_480)
            .mark("probe", 6_500)
            .mark("probe", 8_510)
            .mark("probe", 12_520)
            .mark("recovered", 24_500)
            .stream(
                "browse",
                200,
                (ms, real, fault) ->
                    fault
                        ? new Shape(2.5, real ? ms < 5_600 ? 0.2 : 0.002 : 0.25)
                        : new Shape(2.7, 0))
            .timeline());
  }

  static ScenarioVerdict controlPlaneAway() {
    return new ScenarioVerdict(
        "control-plane-away",
        "The control plane is gone for half a minute",
        "Sidecars live on with what they last knew.",
        Result.ABORTED,
        "the control plane did not start again within 20 s (its last line: address already in use"
            + " 127.0.0.1:4102)",
        31_000,
        List.of(),
        List.of(),
        load(41).act("real", 1_000, 4_000, 30_000, 0, "control plane killed").stream(
                "browse", 100, (ms, real, fault) -> new Shape(2.5, 0))
            .stream("fresh", 5, (ms, real, fault) -> new Shape(9.5, 0))
            .timeline());
  }

  static ScenarioVerdict rollingRestart() {
    return new ScenarioVerdict(
        "rolling-restart",
        "Every replica is replaced under load",
        "Applications and sidecars of catalog go one after another.",
        Result.SKIPPED,
        "needs kind; this run is local",
        0,
        List.of(),
        List.of(),
        Timeline.EMPTY);
  }

  static ScenarioVerdict policyDenies() {
    return new ScenarioVerdict(
        "policy-denies",
        "A policy forbids a caller while it calls",
        "From one moment to the next only web may call cart. Calls through web go on; direct ones"
            + " get 403, and none of those reaches the application.",
        Result.PASSED,
        "",
        22_100,
        List.of(
            passed(
                "denied",
                "Every forbidden call is refused.",
                "during, after its first 1 s",
                "client.direct.requests = 350, client.direct.status.403 = 350",
                "client.direct.status.403 == client.direct.requests"),
            passed(
                "allowed",
                "Allowed calls notice nothing.",
                "during",
                "client.through.errors = 0",
                "client.through.errors == 0"),
            passed(
                "counted",
                "The sidecar counts what it refuses.",
                "during, after its first 1 s",
                "client.direct.status.403 = 350, mesh.authz_deny_total{workload=cart} = 350",
                "mesh.authz_deny_total{workload=cart} == client.direct.status.403"),
            passed(
                "works-again",
                "Without the policy the call succeeds.",
                "after the fault",
                "after 210 ms",
                "client.direct.successRate == 1 within 1 s of the end of the fault")),
        List.of(
            new ControlVerdict(
                "audit-only",
                "The policy only writes down what it would forbid.",
                true,
                "denied",
                "denied: client.direct.requests = 250, client.direct.status.403 = 0")),
        load(53)
            .act("real", 1_300, 4_000, 8_000, 4_000, "only web may call cart")
            .act("audit-only", 1_500, 0, 5_000, 0, "only web may call cart")
            .mark("detected", 5_700)
            .mark("recovered", 13_510)
            .stream("through", 50, (ms, real, fault) -> new Shape(5.2, 0))
            .stream(
                "direct",
                50,
                (ms, real, fault) ->
                    fault && real && ms > 5_700 ? new Shape(1.1, 1) : new Shape(2.8, 0))
            .timeline());
  }

  private static ExpectationVerdict passed(
      String id, String says, String window, String observed, String expected) {
    return new ExpectationVerdict(id, says, window, Result.PASSED, observed, expected);
  }

  private static ExpectationVerdict failed(
      String id, String says, String window, String observed, String expected) {
    return new ExpectationVerdict(id, says, window, Result.FAILED, observed, expected);
  }

  private static Load load(int seed) {
    return new Load(seed);
  }

  /** How a stream does at one moment. */
  private record Shape(double p50Millis, double errorShare) {}

  @FunctionalInterface
  private interface Behaviour {
    Shape at(long millis, boolean real, boolean fault);
  }

  /** Makes a timeline, act after act. */
  private static final class Load {

    private final Random random;
    private final List<Span> windows = new ArrayList<>();
    private final List<Span> faults = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();
    private final List<Bin> bins = new ArrayList<>();
    private long end;

    Load(int seed) {
      random = new Random(seed);
    }

    Load act(String name, long gap, long before, long during, long after, String fault) {
      end += gap;
      window("before", name, before);
      faults.add(new Span(fault, name, end, end + during));
      window("during", name, during);
      window("after", name, after);
      return this;
    }

    Load mark(String name, long atMillis) {
      marks.add(new Mark(name, atMillis));
      return this;
    }

    Load stream(String name, int perSecond, Behaviour behaviour) {
      int each = perSecond * Bin.WIDTH_MILLIS / 1000;
      for (long at = 0; at < end; at += Bin.WIDTH_MILLIS) {
        long middle = at + Bin.WIDTH_MILLIS / 2;
        boolean fault =
            faults.stream().anyMatch(f -> f.fromMillis() <= middle && middle < f.toMillis());
        boolean real =
            windows.stream()
                .noneMatch(w ->
                    !w.act().equals("real") && w.fromMillis() <= middle && middle < w.toMillis());
        Shape shape = behaviour.at(middle, real, fault);
        int requests = Math.max(1, each + random.nextInt(-1, 2) * (each > 20 ? 1 : 0));
        int errors = 0;
        for (int i = 0; i < requests; i++) {
          errors += random.nextDouble() < shape.errorShare() ? 1 : 0;
        }
        double p50 = shape.p50Millis() * (1 + random.nextDouble() * 0.06);
        double p99 =
            p50 < 100 ? p50 * (2.2 + random.nextDouble()) : p50 + 4 + random.nextDouble() * 34;
        double max =
            p50 < 100 ? p99 * (1.1 + random.nextDouble() * 1.8) : p99 + random.nextDouble() * 12;
        bins.add(new Bin(name, at, requests, errors, p50, p99, max));
      }
      return this;
    }

    Timeline timeline() {
      bins.sort((a, b) -> Long.compare(a.atMillis(), b.atMillis()));
      return new Timeline(windows, faults, marks, bins);
    }

    private void window(String name, String act, long length) {
      if (length > 0) {
        windows.add(new Span(name, act, end, end + length));
        end += length;
      }
    }
  }
}
