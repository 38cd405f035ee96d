package io.refmesh.chaos.observe;

import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The cross-check of every scenario: each request that a client recorded is one that the caller's
 * sidecar counted, with the same status; each that a called sidecar let through is one that its
 * application recorded. Exact, no tolerance.
 */
final class CounterAgreement {

  /**
   * Errors with which the called sidecar itself answers, so that its application never sees the
   * request.
   */
  private static final Set<String> REFUSED_BY_SIDECAR =
      Set.of(
          "denied",
          "not-ready",
          "draining",
          "rate-limited",
          "bad-request",
          "overloaded",
          "connect-failed",
          "connect-timeout");

  private final CounterFigures counters;
  private final RequestRecord requests;
  private final List<LoadTarget> streams;
  private final List<String> compared = new ArrayList<>();
  private final List<String> differ = new ArrayList<>();

  CounterAgreement(CounterFigures counters, RequestRecord requests, List<LoadTarget> streams) {
    this.counters = counters;
    this.requests = requests;
    this.streams = streams;
  }

  ExpectationVerdict verdict() {
    Map<String, List<LoadTarget>> byService = new TreeMap<>();
    streams.forEach(
        target -> byService.computeIfAbsent(target.service(), s -> new ArrayList<>()).add(target));
    byService.forEach(this::caller);
    Set<String> workloads = new TreeSet<>();
    streams.forEach(target -> workloads.addAll(target.workloads()));
    workloads.forEach(this::called);
    boolean none = compared.isEmpty();
    return new ExpectationVerdict(
        "counters-agree",
        "Sidecars, clients and applications counted the same requests.",
        "all",
        none || !differ.isEmpty() ? Result.FAILED : Result.PASSED,
        none ? "nothing was counted" : String.join("; ", differ.isEmpty() ? compared : differ),
        "equal, exactly");
  }

  private void caller(String service, List<LoadTarget> targets) {
    Set<String> names = new TreeSet<>();
    targets.forEach(target -> names.add(target.stream()));
    List<RecordedRequest> sent = requests.where(r -> names.contains(r.stream()));
    int slash = service.indexOf('/');
    String labels =
        "workload=load,direction=outbound,dst_namespace="
            + service.substring(0, slash)
            + ",dst_service="
            + service.substring(slash + 1);
    compare(
        service + " requests",
        "clients",
        sent.size(),
        "caller's sidecar",
        growth("request_total{" + labels + "}"));
    Map<Integer, Long> byStatus = new TreeMap<>();
    sent.stream()
        .filter(RecordedRequest::complete)
        .forEach(r -> byStatus.merge(r.status(), 1L, Long::sum));
    byStatus.forEach((status, count) ->
        compare(
            service + " answers " + status,
            "clients",
            count,
            "caller's sidecar",
            growth(
                "response_total{"
                    + labels
                    + ",status_code="
                    + status
                    + ",classification="
                    + classified(status)
                    + "}")));
  }

  private void called(String workload) {
    String labels = "workload=" + workload + ",direction=inbound";
    double refused = 0;
    for (String error : REFUSED_BY_SIDECAR) {
      refused += growth("response_total{" + labels + ",error=" + error + "}");
    }
    double let = growth("request_total{" + labels + "}") - refused;
    double seen = counters.server(workload, "requests").orElse(Double.NaN);
    // A caller who leaves before the request was passed on has been counted; the application knows
    // nothing of it.
    double gone = growth("response_total{" + labels + ",error=caller-gone,status_code=}");
    boolean explained = seen < let && let - seen <= gone;
    compare(
        workload + " requests",
        "called sidecars let through" + (explained ? " and were not left in the middle of" : ""),
        explained ? seen : let,
        "applications",
        seen);
  }

  private double growth(String metric) {
    return counters.growth(metric).orElse(Double.NaN);
  }

  private void compare(String what, String one, double first, String other, double second) {
    String text = what + ": " + one + " " + text(first) + ", " + other + " " + text(second);
    if (first == second) {
      compared.add(what + " " + text(first));
    } else {
      differ.add(text);
    }
  }

  private static String classified(int status) {
    return status >= 500 ? "failure" : "success";
  }

  private static String text(double value) {
    return Double.isNaN(value) ? "unknown" : Long.toString(Math.round(value));
  }
}
