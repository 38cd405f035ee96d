package io.refmesh.proxy.telemetry;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.proxy.http.RequestHead;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Spans as OTLP has them (opentelemetry-proto 1.x, {@code trace/v1/trace.proto}), written field by
 * field: the generated classes would weigh more than everything else that makes spans. Attributes
 * are named by OpenTelemetry's semantic conventions for HTTP.
 */
public final class OtlpSpans {

  /** Writes fields; a value that is the default is left out, as proto3 does. */
  private interface Content {
    void to(CodedOutputStream out) throws IOException;
  }

  private static final Set<String> METHODS =
      Set.of(
          "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY");

  /** Who the spans come from. */
  public record Origin(String namespace, String workload, String instance) {}

  // ExportTraceServiceRequest, ResourceSpans, ScopeSpans, Resource, InstrumentationScope.
  private static final int RESOURCE_SPANS = 1;
  private static final int RESOURCE = 1;
  private static final int SCOPE_SPANS = 2;
  private static final int SCOPE = 1;
  private static final int SPANS = 2;
  private static final int RESOURCE_ATTRIBUTES = 1;
  private static final int SCOPE_NAME = 1;

  // Span.
  private static final int TRACE_ID = 1;
  private static final int SPAN_ID = 2;
  private static final int TRACE_STATE = 3;
  private static final int PARENT_SPAN_ID = 4;
  private static final int NAME = 5;
  private static final int KIND = 6;
  private static final int START = 7;
  private static final int END = 8;
  private static final int ATTRIBUTES = 9;
  private static final int STATUS = 15;
  private static final int FLAGS = 16;
  private static final int KIND_SERVER = 2;
  private static final int KIND_CLIENT = 3;
  private static final int SAMPLED = 1;

  // Status, KeyValue, AnyValue.
  private static final int STATUS_CODE = 3;
  private static final int STATUS_ERROR = 2;
  private static final int KEY = 1;
  private static final int VALUE = 2;
  private static final int STRING_VALUE = 1;
  private static final int INT_VALUE = 3;

  private final Origin origin;
  private final Redaction redaction;

  public OtlpSpans(Origin origin, Redaction redaction) {
    this.origin = origin;
    this.redaction = redaction;
  }

  /** The message {@code Span} of an exchange that has ended. */
  byte[] span(Span span, ObservedExchange exchange, Instant ended) {
    long endNanos = TimeUnit.SECONDS.toNanos(ended.getEpochSecond()) + ended.getNano();
    boolean inbound = exchange.target() instanceof RequestTarget.Inbound;
    RequestHead request = exchange.request();
    String method = METHODS.contains(request.method()) ? request.method() : "_OTHER";
    int status = exchange.status();
    boolean failed =
        inbound
            ? status >= 500 || !exchange.ending().error().isEmpty()
            : exchange.ending().classification().equals("failure") || status >= 400;
    return message(out -> {
      out.writeByteArray(
          TRACE_ID,
          ByteBuffer.allocate(16)
              .putLong(span.context().high())
              .putLong(span.context().low())
              .array());
      out.writeByteArray(SPAN_ID, ByteBuffer.allocate(8).putLong(span.context().span()).array());
      if (!span.state().isEmpty()) {
        out.writeString(TRACE_STATE, span.state());
      }
      if (span.parent() != 0) {
        out.writeByteArray(PARENT_SPAN_ID, ByteBuffer.allocate(8).putLong(span.parent()).array());
      }
      out.writeString(NAME, method.equals("_OTHER") ? "HTTP" : method);
      out.writeEnum(KIND, inbound ? KIND_SERVER : KIND_CLIENT);
      out.writeFixed64(START, endNanos - exchange.totalNanos());
      out.writeFixed64(END, endNanos);
      attributes(out, exchange, method);
      if (failed) {
        nested(out, STATUS, inner -> inner.writeEnum(STATUS_CODE, STATUS_ERROR));
      }
      out.writeFixed32(FLAGS, SAMPLED);
    });
  }

  /** The message {@code ExportTraceServiceRequest} with these spans. */
  byte[] request(List<byte[]> spans) {
    return message(out ->
        nested(
            out,
            RESOURCE_SPANS,
            resourceSpans -> {
              nested(
                  resourceSpans,
                  RESOURCE,
                  resource -> {
                    text(resource, RESOURCE_ATTRIBUTES, "service.name", origin.workload());
                    text(resource, RESOURCE_ATTRIBUTES, "service.namespace", origin.namespace());
                    text(resource, RESOURCE_ATTRIBUTES, "service.instance.id", origin.instance());
                  });
              nested(
                  resourceSpans,
                  SCOPE_SPANS,
                  scopeSpans -> {
                    nested(
                        scopeSpans,
                        SCOPE,
                        scope -> {
                          scope.writeString(SCOPE_NAME, "io.refmesh.proxy");
                        });
                    for (byte[] span : spans) {
                      scopeSpans.writeByteArray(SPANS, span);
                    }
                  });
            }));
  }

  /** How many spans an {@code ExportTraceServiceResponse} says were not taken. */
  static long rejected(CodedInputStream response) {
    try {
      for (int tag = response.readTag(); tag != 0; tag = response.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) == 1) {
          // ExportTracePartialSuccess: rejected_spans, error_message.
          CodedInputStream partial = CodedInputStream.newInstance(response.readByteArray());
          for (int inner = partial.readTag(); inner != 0; inner = partial.readTag()) {
            if (WireFormat.getTagFieldNumber(inner) == 1) {
              return Math.max(0, partial.readInt64());
            }
            partial.skipField(inner);
          }
          return 0;
        }
        response.skipField(tag);
      }
      return 0;
    } catch (IOException e) {
      // What cannot be read refuses nothing.
      return 0;
    }
  }

  private void attributes(CodedOutputStream out, ObservedExchange exchange, String method)
      throws IOException {
    RequestHead request = exchange.request();
    Ending ending = exchange.ending();
    text(out, ATTRIBUTES, "http.request.method", method);
    if (method.equals("_OTHER")) {
      text(out, ATTRIBUTES, "http.request.method_original", request.method());
    }
    String path = redaction.path(request.path());
    int query = path.indexOf('?');
    text(out, ATTRIBUTES, "url.path", query < 0 ? path : path.substring(0, query));
    text(out, ATTRIBUTES, "url.query", query < 0 ? "" : path.substring(query + 1));
    text(out, ATTRIBUTES, "url.scheme", request.scheme());
    text(out, ATTRIBUTES, "server.address", exchange.target().service());
    number(out, "server.port", Long.parseLong(exchange.target().port()));
    if (exchange.target() instanceof RequestTarget.Inbound) {
      text(out, ATTRIBUTES, "client.address", exchange.caller().address().getHostString());
      number(out, "client.port", exchange.caller().address().getPort());
    }
    text(out, ATTRIBUTES, "network.protocol.name", "http");
    text(out, ATTRIBUTES, "network.protocol.version", version(request.version()));
    EndpointSpec endpoint = exchange.endpoint();
    if (endpoint != null) {
      text(out, ATTRIBUTES, "network.peer.address", endpoint.address().host());
      number(out, "network.peer.port", endpoint.address().port());
    }
    CharSequence agent = request.headers().get("user-agent");
    text(out, ATTRIBUTES, "user_agent.original", agent == null ? "" : agent.toString());
    if (exchange.status() > 0) {
      number(out, "http.response.status_code", exchange.status());
    }
    if (exchange.tries() > 1) {
      number(out, "http.request.resend_count", exchange.tries() - 1L);
    }
    number(out, "http.request.body.size", exchange.requestBytes());
    number(out, "http.response.body.size", exchange.responseBytes());
    if (request.grpc()) {
      text(out, ATTRIBUTES, "rpc.system", "grpc");
      if (!ending.grpcStatus().isEmpty()) {
        number(out, "rpc.grpc.status_code", Long.parseLong(ending.grpcStatus()));
      }
    }
    text(
        out,
        ATTRIBUTES,
        "error.type",
        ending.error().isEmpty() && exchange.status() >= 500 ? ending.status() : ending.error());
    text(out, ATTRIBUTES, "refmesh.direction", exchange.direction());
    text(out, ATTRIBUTES, "refmesh.route", exchange.route());
    text(out, ATTRIBUTES, "refmesh.client.identity", exchange.clientId());
  }

  private static String version(RequestHead.Version version) {
    return switch (version) {
      case HTTP_1_0 -> "1.0";
      case HTTP_1_1 -> "1.1";
      case HTTP_2 -> "2";
    };
  }

  private static void text(CodedOutputStream out, int field, String key, String value)
      throws IOException {
    if (!value.isEmpty()) {
      nested(
          out,
          field,
          pair -> {
            pair.writeString(KEY, key);
            nested(pair, VALUE, any -> any.writeString(STRING_VALUE, value));
          });
    }
  }

  private static void number(CodedOutputStream out, String key, long value) throws IOException {
    nested(
        out,
        ATTRIBUTES,
        pair -> {
          pair.writeString(KEY, key);
          nested(pair, VALUE, any -> any.writeInt64(INT_VALUE, value));
        });
  }

  private static void nested(CodedOutputStream out, int field, Content content) throws IOException {
    out.writeByteArray(field, message(content));
  }

  private static byte[] message(Content content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    CodedOutputStream out = CodedOutputStream.newInstance(bytes, 256);
    try {
      content.to(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot be written", e);
    }
    return bytes.toByteArray();
  }
}
