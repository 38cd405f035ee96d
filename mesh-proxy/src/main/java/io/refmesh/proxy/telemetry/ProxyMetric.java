package io.refmesh.proxy.telemetry;

import java.util.ArrayList;
import java.util.List;

/**
 * Every metric of the proxy: name, kind, unit, labels in the order in which their values are given,
 * and a sentence for people.
 *
 * <p>Names and labels are Linkerd's where Linkerd has the metric, so that boards and alerts made
 * for it work. A label that does not apply has the empty value.
 */
public enum ProxyMetric {
  REQUEST_TOTAL(
      "request_total",
      Kind.COUNTER,
      "",
      List.of(
          "direction",
          "tls",
          "authority",
          "dst_namespace",
          "dst_service",
          "dst_port",
          "dst_deployment",
          "dst_pod",
          "client_id"),
      "Requests whose head has arrived; one per exchange, however many tries it takes."),
  RESPONSE_TOTAL(
      "response_total",
      Kind.COUNTER,
      "",
      plus(Labels.TARGET, "classification", "status_code", "grpc_status", "error"),
      "Exchanges that have ended, also those that ended without an answer; failure means 5xx, a"
          + " failing gRPC status, a cut body or a caller who went away."),
  RESPONSE_LATENCY_MS(
      "response_latency_ms",
      Kind.HISTOGRAM,
      "ms",
      List.of(
          "direction",
          "tls",
          "authority",
          "dst_namespace",
          "dst_service",
          "dst_port",
          "dst_deployment",
          "dst_pod",
          "route_name",
          "status_code"),
      "Time from the request head to the first byte of the response body, or to the end of an"
          + " exchange without one, all tries included."),
  TRY_TOTAL(
      "try_total",
      Kind.COUNTER,
      "",
      Labels.TRY,
      "Tries sent to an endpoint; dst_service is the backend that was chosen, which a split may"
          + " make another than the service called."),
  TRY_RESPONSE_TOTAL(
      "try_response_total",
      Kind.COUNTER,
      "",
      plus(Labels.TRY, "classification", "status_code", "grpc_status", "error"),
      "Tries that have ended, by endpoint."),
  RETRY_TOTAL(
      "retry_total",
      Kind.COUNTER,
      "",
      plus(Labels.ROUTE, "reason"),
      "Tries beyond the first; reason is the condition that the failure met."),
  RETRY_SKIPPED_TOTAL(
      "retry_skipped_total",
      Kind.COUNTER,
      "",
      plus(Labels.ROUTE, "reason"),
      "Failures that met a retry condition and were returned all the same: budget, attempts, body"
          + " or non-idempotent."),
  TIMEOUT_TOTAL(
      "timeout_total",
      Kind.COUNTER,
      "",
      plus(Labels.ROUTE, "kind"),
      "Timeouts that fired: request, try, idle or connect."),
  EJECTIONS_TOTAL(
      "ejections_total",
      Kind.COUNTER,
      "",
      List.of("target_addr"),
      "Times that an endpoint was ejected after failures."),
  PROBE_TOTAL(
      "probe_total",
      Kind.COUNTER,
      "",
      List.of("target_addr", "result"),
      "Requests let through to an ejected endpoint to see whether it has recovered: success or"
          + " failure."),
  ENDPOINT_STATE(
      "endpoint_state",
      Kind.GAUGE,
      "",
      List.of("target_addr", "state"),
      "1 for the state that an endpoint is in, 0 for the others: admitting, ejected or probing."),
  MIRROR_TOTAL(
      "mirror_total",
      Kind.COUNTER,
      "",
      List.of("dst_namespace", "dst_service", "dst_port", "route_name", "result"),
      "Requests copied to another service: answered, failed, cut (its body came faster than the"
          + " copy was taken) or dropped (too many copies under way); dst_service is where the copy"
          + " went, route_name the rule that says so."),
  CONCURRENCY_LIMIT(
      "concurrency_limit",
      Kind.GAUGE,
      "",
      List.of("dst_namespace", "dst_service", "dst_port"),
      "How many requests of this proxy may be under way at a service: limits.inFlight, or what"
          + " limits.adaptive has found; absent without either."),
  ENDPOINT_BACKOFF_MS(
      "endpoint_backoff_ms",
      Kind.GAUGE,
      "ms",
      List.of("target_addr", "reason"),
      "While an endpoint is ejected, how long from its ejection to its next probe; reason is"
          + " consecutive-failures or success-rate; else 0."),
  TCP_OPEN_TOTAL("tcp_open_total", Kind.COUNTER, "", Labels.CONNECTION, "Connections opened."),
  TCP_CLOSE_TOTAL(
      "tcp_close_total",
      Kind.COUNTER,
      "",
      plus(Labels.CONNECTION, "errno"),
      "Connections closed; errno is empty after a clean end, else what broke the connection."),
  TCP_OPEN_CONNECTIONS(
      "tcp_open_connections", Kind.GAUGE, "", Labels.CONNECTION, "Connections open now."),
  TCP_READ_BYTES_TOTAL(
      "tcp_read_bytes_total",
      Kind.COUNTER,
      "bytes",
      Labels.CONNECTION,
      "Bytes read from the peer, TLS records included."),
  TCP_WRITE_BYTES_TOTAL(
      "tcp_write_bytes_total",
      Kind.COUNTER,
      "bytes",
      Labels.CONNECTION,
      "Bytes written to the peer, TLS records included."),
  DETECT_TIMEOUT_TOTAL(
      "detect_timeout_total",
      Kind.COUNTER,
      "",
      List.of("direction", "target_addr"),
      "Connections treated as opaque because their first bytes did not arrive in time; name the"
          + " protocol with appProtocol."),
  REFUSED_TOTAL(
      "refused_total",
      Kind.COUNTER,
      "",
      List.of("direction", "error"),
      "Connections and request heads refused before they became an exchange, by error code."),
  TUNNELS_TOTAL(
      "tunnels_total",
      Kind.COUNTER,
      "",
      List.of("direction", "dst_namespace", "dst_service", "dst_port", "protocol"),
      "Exchanges that became tunnels, by 101 to an upgrade or 2xx to CONNECT: websocket, connect or"
          + " other."),
  HTTP2_FLOODS_TOTAL(
      "http2_floods_total",
      Kind.COUNTER,
      "",
      List.of("direction", "peer", "kind"),
      "HTTP/2 connections cut with ENHANCE_YOUR_CALM, by the side that the peer is on (src: it"
          + " called, dst: it was called) and the kind of frame that came too often."),
  LIMIT_REACHED_TOTAL(
      "limit_reached_total",
      Kind.COUNTER,
      "",
      List.of("limit"),
      "Times that a bound of the proxy refused or delayed something; the limit is named as in its"
          + " setting."),
  TLS_HANDSHAKES_TOTAL(
      "tls_handshakes_total",
      Kind.COUNTER,
      "",
      List.of("direction", "result"),
      "TLS handshakes between sidecars that ended: success or failure."),
  TLS_HANDSHAKE_FAILURES_TOTAL(
      "tls_handshake_failures_total",
      Kind.COUNTER,
      "",
      List.of("direction", "reason"),
      "TLS handshakes that failed, by what was wrong with the peer."),
  TLS_GROUPS_TOTAL(
      "tls_groups_total",
      Kind.COUNTER,
      "",
      List.of("direction", "group"),
      "Successful TLS handshakes by the key exchange that was agreed on."),
  AUTHORIZATION_TOTAL(
      "authorization_total",
      Kind.COUNTER,
      "",
      List.of("direction", "decision", "policy"),
      "Decisions of authorization policies per request (HTTP) or connection (TCP): allow, deny or"
          + " audit."),
  RATE_LIMITED_TOTAL(
      "rate_limited_total",
      Kind.COUNTER,
      "",
      List.of("dst_port", "policy", "limit"),
      "Requests refused by a RateLimitPolicy, by the limit that was reached: total, identity or"
          + " override."),
  RATE_LIMIT_IDENTITIES(
      "rate_limit_identities",
      Kind.GAUGE,
      "",
      List.of("dst_port"),
      "Callers whose requests are counted one by one for a RateLimitPolicy's perIdentity; at most"
          + " 1000, those beyond share one rate."),
  FAULTS_INJECTED_TOTAL(
      "faults_injected_total",
      Kind.COUNTER,
      "",
      List.of("direction", "kind", "policy"),
      "Requests broken on purpose by a FaultPolicy: delay, abort, reset or truncate."),
  FAULTS_SKIPPED_TOTAL(
      "faults_skipped_total",
      Kind.COUNTER,
      "",
      List.of("direction", "policy"),
      "Requests that a FaultPolicy left alone because as many as its maxActive were under it"
          + " already."),
  FAULTS_ACTIVE(
      "faults_active",
      Kind.GAUGE,
      "",
      List.of("policy"),
      "Requests under a fault now: delayed, or answered with a body that is to be cut."),
  CERTIFICATE_NOT_AFTER_SECONDS(
      "certificate_not_after_seconds",
      Kind.GAUGE,
      "seconds",
      List.of(),
      "When the proxy's certificate ends, in seconds since 1970; 0 before the first."),
  CERTIFICATE_RENEWALS_TOTAL(
      "certificate_renewals_total",
      Kind.COUNTER,
      "",
      List.of("result"),
      "Attempts to get a certificate: success or failure."),
  CONTROL_CONNECTED(
      "control_connected",
      Kind.GAUGE,
      "",
      List.of(),
      "1 while the stream from the control plane is open, else 0."),
  CONTROL_RECONNECTS_TOTAL(
      "control_reconnects_total",
      Kind.COUNTER,
      "",
      List.of(),
      "Times that the stream from the control plane was lost."),
  CONTROL_UPDATES_TOTAL(
      "control_updates_total",
      Kind.COUNTER,
      "",
      List.of("resource", "result"),
      "Versions received from the control plane, by kind of resource: applied or refused."),
  ACCESS_LOG_DROPPED_TOTAL(
      "access_log_dropped_total",
      Kind.COUNTER,
      "",
      List.of(),
      "Lines that the access log left out because there were too many or they could not be"
          + " written."),
  RECORDER_OVERWRITTEN_TOTAL(
      "recorder_overwritten_total",
      Kind.COUNTER,
      "",
      List.of(),
      "Exchanges that the flight recorder has forgotten because younger ones needed their room."),
  TRACE_SPANS_TOTAL(
      "trace_spans_total",
      Kind.COUNTER,
      "",
      List.of("result"),
      "Spans that were made: exported, or dropped because the collector did not take them or too"
          + " many waited for it."),
  TAP_REQUESTS_TOTAL(
      "tap_requests_total",
      Kind.COUNTER,
      "",
      List.of("result"),
      "Requests that matched a tap: told, or missed because of its rate or because its reader is"
          + " slow."),
  TAP_WATCHING("tap_watching", Kind.GAUGE, "", List.of(), "Taps that are told of requests now."),
  METRIC_SERIES_OVERFLOW_TOTAL(
      "metric_series_overflow_total",
      Kind.COUNTER,
      "",
      List.of(),
      "Series that were asked for and not made because REFMESH_SERIES are there already; their"
          + " events are counted in the series of the same metric whose labels all say overflow."),
  PROCESS_CPU_SECONDS_TOTAL(
      "process_cpu_seconds_total",
      Kind.COUNTER,
      "seconds",
      List.of(),
      "CPU time of the proxy's process, user and system."),
  PROCESS_RESIDENT_MEMORY_BYTES(
      "process_resident_memory_bytes",
      Kind.GAUGE,
      "bytes",
      List.of(),
      "Memory of the proxy's process that is in RAM."),
  PROCESS_OPEN_FDS(
      "process_open_fds",
      Kind.GAUGE,
      "",
      List.of(),
      "File descriptors that the proxy's process has open."),
  PROCESS_START_TIME_SECONDS(
      "process_start_time_seconds",
      Kind.GAUGE,
      "seconds",
      List.of(),
      "When the proxy's process started, in seconds since 1970.");

  /**
   * What the number does: a counter only grows, a gauge goes both ways, a histogram counts by size.
   */
  public enum Kind {
    COUNTER,
    GAUGE,
    HISTOGRAM
  }

  /** Upper bounds of the latency buckets in ms, Linkerd's. */
  static final double[] LATENCY_BUCKETS_MS = {
    1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500, 1000, 2000, 3000, 4000, 5000,
    10_000, 20_000, 30_000, 40_000, 50_000
  };

  private final String metricName;
  private final Kind kind;
  private final String unit;

  // Made by List.of or List.copyOf.
  @SuppressWarnings("ImmutableEnumChecker")
  private final List<String> labels;

  private final String sentence;

  ProxyMetric(String metricName, Kind kind, String unit, List<String> labels, String sentence) {
    this.metricName = metricName;
    this.kind = kind;
    this.unit = unit;
    this.labels = labels;
    this.sentence = sentence;
  }

  /** As on {@code /metrics}. */
  public String metricName() {
    return metricName;
  }

  public Kind kind() {
    return kind;
  }

  /** Empty for a plain number of things. */
  public String unit() {
    return unit;
  }

  /** In the order in which {@link ProxyMetrics} takes the values. */
  public List<String> labels() {
    return labels;
  }

  public String sentence() {
    return sentence;
  }

  private static List<String> plus(List<String> labels, String... more) {
    List<String> all = new ArrayList<>(labels);
    all.addAll(List.of(more));
    return List.copyOf(all);
  }

  /**
   * Sets of labels that several metrics share; a holder because an enum's own constants cannot see
   * its static fields.
   */
  private static final class Labels {
    static final List<String> TARGET =
        List.of(
            "direction",
            "tls",
            "authority",
            "dst_namespace",
            "dst_service",
            "dst_port",
            "dst_deployment",
            "dst_pod",
            "route_name",
            "client_id",
            "server_id",
            "target_addr");
    static final List<String> TRY =
        List.of(
            "tls",
            "dst_namespace",
            "dst_service",
            "dst_port",
            "dst_deployment",
            "dst_pod",
            "route_name",
            "server_id",
            "target_addr");
    static final List<String> ROUTE =
        List.of("dst_namespace", "dst_service", "dst_port", "route_name");
    static final List<String> CONNECTION =
        List.of(
            "direction", "peer", "tls", "dst_namespace", "dst_service", "dst_port", "target_addr");
  }
}
