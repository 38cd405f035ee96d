package io.refmesh.cli;

import io.refmesh.model.wire.v1.TapEvent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;

/** Events of a tap as lines: for people in Linkerd's form, for programs as JSON. */
final class TapLines {

  private TapLines() {}

  static String text(String instance, TapEvent event) {
    String id = " id=" + instance + ":" + event.getId();
    return switch (event.getEventCase()) {
      case REQUEST -> {
        TapEvent.RequestInit request = event.getRequest();
        yield "req"
            + id
            + " proxy="
            + (request.getDirection().equals("inbound") ? "in" : "out")
            + " src="
            + request.getClient()
            + " client_id="
            + orDash(request.getClientIdentity())
            + " :method="
            + request.getMethod()
            + " :authority="
            + orDash(request.getAuthority())
            + " :path="
            + request.getPath();
      }
      case RESPONSE ->
          "rsp"
              + id
              + " :status="
              + event.getResponse().getStatus()
              + " latency="
              + event.getResponse().getSinceRequestMicros()
              + "µs";
      case END -> {
        TapEvent.End end = event.getEnd();
        yield "end"
            + id
            + " duration="
            + end.getSinceRequestMicros()
            + "µs response-length="
            + end.getResponseBytes()
            + "B status="
            + orDash(end.getStatus())
            + (end.getGrpcStatus().isEmpty() ? "" : " grpc-status=" + end.getGrpcStatus())
            + " dst="
            + orDash(end.getEndpoint())
            + (end.getTries() > 1 ? " tries=" + end.getTries() : "")
            + (end.getError().isEmpty() ? "" : " error=" + end.getError());
      }
      case EVENT_NOT_SET -> "unknown" + id;
    };
  }

  static String json(String instance, TapEvent event) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("instance", instance);
    line.put("id", event.getId());
    line.put("missed", event.getMissed());
    switch (event.getEventCase()) {
      case REQUEST -> {
        TapEvent.RequestInit request = event.getRequest();
        line.put("event", "request");
        line.put("epoch_micros", request.getEpochMicros());
        line.put("direction", request.getDirection());
        line.put("client", request.getClient());
        line.put("client_id", request.getClientIdentity());
        line.put("method", request.getMethod());
        line.put("scheme", request.getScheme());
        line.put("authority", request.getAuthority());
        line.put("path", request.getPath());
        line.put("version", request.getVersion());
        line.put("trace_id", request.getTraceId());
        line.put("headers", headers(request.getHeadersList()));
      }
      case RESPONSE -> {
        line.put("event", "response");
        line.put("status", event.getResponse().getStatus());
        line.put("since_request_ms", millis(event.getResponse().getSinceRequestMicros()));
        line.put("headers", headers(event.getResponse().getHeadersList()));
      }
      case END -> {
        TapEvent.End end = event.getEnd();
        line.put("event", "end");
        line.put("since_request_ms", millis(end.getSinceRequestMicros()));
        line.put("request_bytes", end.getRequestBytes());
        line.put("response_bytes", end.getResponseBytes());
        line.put("status", end.getStatus());
        line.put("grpc_status", end.getGrpcStatus());
        line.put("error", end.getError());
        line.put("route", end.getRoute());
        line.put("endpoint", end.getEndpoint());
        line.put("endpoint_id", end.getEndpointIdentity());
        line.put("tries", end.getTries());
      }
      case EVENT_NOT_SET -> line.put("event", "unknown");
    }
    return JsonMapper.shared().writeValueAsString(line);
  }

  private static Map<String, String> headers(List<TapEvent.Header> headers) {
    Map<String, String> all = new TreeMap<>();
    headers.forEach(
        header -> all.merge(header.getName(), header.getValue(), (a, b) -> a + ", " + b));
    return all;
  }

  private static double millis(long micros) {
    return (double) micros / TimeUnit.MILLISECONDS.toMicros(1);
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }
}
