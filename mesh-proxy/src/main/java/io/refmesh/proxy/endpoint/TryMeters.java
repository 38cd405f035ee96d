package io.refmesh.proxy.endpoint;

import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.Ending;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.telemetry.RequestTarget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/** The counters of the tries of one route that go to one endpoint. Safe on any thread. */
final class TryMeters {

  private record End(String classification, String status, String grpcStatus, String error) {}

  private final ProxyMetrics metrics;
  private final String[] labels;
  private final Counter begun;
  private final ConcurrentHashMap<End, Counter> ended = new ConcurrentHashMap<>(4);

  TryMeters(ProxyMetrics metrics, ServicePort backend, EndpointSpec endpoint, String route) {
    this.metrics = metrics;
    RequestTarget.Instance instance = RequestTarget.Instance.of(endpoint);
    labels =
        new String[] {
          Boolean.toString(endpoint.identity().isPresent()),
          backend.namespace(),
          backend.service(),
          Integer.toString(backend.port()),
          instance.workload(),
          instance.pod(),
          route,
          instance.serverId(),
          instance.address()
        };
    begun = metrics.counter(ProxyMetric.TRY_TOTAL, labels);
  }

  void begin() {
    begun.increment();
  }

  void end(Outcome outcome) {
    ended.computeIfAbsent(endOf(outcome), this::counter).increment();
  }

  private Counter counter(End end) {
    List<String> values = new ArrayList<>(Arrays.asList(labels));
    values.addAll(List.of(end.classification, end.status, end.grpcStatus, end.error));
    return metrics.counter(ProxyMetric.TRY_RESPONSE_TOTAL, values.toArray(String[]::new));
  }

  private static End endOf(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Answered(int status, int grpcStatus) ->
          new End(
              Ending.failed(status, grpcStatus) ? "failure" : "success",
              Integer.toString(status),
              grpcStatus < 0 ? "" : Integer.toString(grpcStatus),
              "");
      case Outcome.Failed failed -> new End("failure", "", "", failed.error().code());
      case Outcome.CallerGone gone -> new End("failure", "", "", Ending.CALLER_GONE);
    };
  }
}
