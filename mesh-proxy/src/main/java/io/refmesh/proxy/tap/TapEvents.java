package io.refmesh.proxy.tap;

import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.model.wire.v1.TapEvent;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.telemetry.Ending;
import io.refmesh.proxy.telemetry.ObservedExchange;
import io.refmesh.proxy.telemetry.Redaction;
import io.refmesh.proxy.telemetry.RequestTarget;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What an exchange looks like to a tap: heads redacted, never a body. */
final class TapEvents {

  /** More fields, and longer values, are cut: peers choose them. */
  private static final int FIELDS_MAX = 100;

  private static final int VALUE_MAX = 1_024;

  private TapEvents() {}

  static TapEvent.RequestInit request(ObservedExchange exchange, Instant now, Redaction redaction) {
    RequestHead head = exchange.request();
    return TapEvent.RequestInit.newBuilder()
        .setEpochMicros(
            TimeUnit.SECONDS.toMicros(now.getEpochSecond())
                + TimeUnit.NANOSECONDS.toMicros(now.getNano()))
        .setDirection(exchange.direction())
        .setClient(address(exchange.caller().address()))
        .setClientIdentity(exchange.clientId())
        .setMethod(head.method())
        .setScheme(head.scheme())
        .setAuthority(head.authority())
        .setPath(cut(redaction.path(head.path())))
        .setVersion(head.version().text())
        .setTraceId(exchange.traceId())
        .addAllHeaders(headers(head.headers(), redaction))
        .build();
  }

  static TapEvent.ResponseInit response(
      ObservedExchange exchange, Http2Headers headers, Redaction redaction) {
    return TapEvent.ResponseInit.newBuilder()
        .setStatus(exchange.status())
        .setSinceRequestMicros(TimeUnit.NANOSECONDS.toMicros(exchange.headNanos()))
        .addAllHeaders(headers(headers, redaction))
        .build();
  }

  static TapEvent.End end(ObservedExchange exchange) {
    Ending ending = exchange.ending();
    RequestTarget.Instance instance = exchange.target().instance(exchange.endpoint());
    return TapEvent.End.newBuilder()
        .setSinceRequestMicros(TimeUnit.NANOSECONDS.toMicros(exchange.totalNanos()))
        .setRequestBytes(exchange.requestBytes())
        .setResponseBytes(exchange.responseBytes())
        .setStatus(ending.status())
        .setGrpcStatus(ending.grpcStatus())
        .setError(ending.error())
        .setRoute(exchange.route())
        .setEndpoint(instance.address())
        .setEndpointIdentity(instance.serverId())
        .setTries(exchange.tries())
        .build();
  }

  private static List<TapEvent.Header> headers(Http2Headers headers, Redaction redaction) {
    List<TapEvent.Header> told = new ArrayList<>();
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      if (told.size() == FIELDS_MAX) {
        break;
      }
      String name = field.getKey().toString();
      told.add(
          TapEvent.Header.newBuilder()
              .setName(cut(name))
              .setValue(cut(redaction.field(name, field.getValue().toString())))
              .build());
    }
    return told;
  }

  private static String cut(String text) {
    return text.length() <= VALUE_MAX ? text : text.substring(0, VALUE_MAX);
  }

  private static String address(InetSocketAddress client) {
    String host =
        client.getAddress() == null ? client.getHostString() : client.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + client.getPort();
  }
}
