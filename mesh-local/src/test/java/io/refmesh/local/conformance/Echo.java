package io.refmesh.local.conformance;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/**
 * A workload that answers with what has reached it, a line each: HTTP/1.1 on one port, gRPC on
 * another.
 */
final class Echo {

  /** Sends nothing, answers with the lines. */
  static final MethodDescriptor<String, String> CALL =
      MethodDescriptor.<String, String>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("refmesh.conformance.Echo/Call")
          .setRequestMarshaller(new Text())
          .setResponseMarshaller(new Text())
          .build();

  private Echo() {}

  /**
   * @param arguments its name, its namespace, the port of HTTP, the port of gRPC
   */
  public static void main(String[] arguments) throws Exception {
    String address = System.getenv("MESH_LISTEN_ADDRESS");
    String self = "backend=" + arguments[0] + "\nnamespace=" + arguments[1] + "\n";
    HttpServer http =
        HttpServer.create(
            new InetSocketAddress(address, Integer.parseInt(arguments[2])), /* backlog= */ 256);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.createContext("/", exchange -> answer(exchange, self));
    http.start();
    Server grpc =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(address, Integer.parseInt(arguments[3])))
            .addService(
                ServerServiceDefinition.builder("refmesh.conformance.Echo")
                    .addMethod(CALL, call(self))
                    .build())
            .build()
            .start();
    grpc.awaitTermination();
  }

  private static void answer(HttpExchange exchange, String self) throws IOException {
    try (exchange) {
      StringBuilder lines = new StringBuilder(self);
      lines.append("method=").append(exchange.getRequestMethod()).append('\n');
      lines.append("path=").append(exchange.getRequestURI()).append('\n');
      exchange
          .getRequestHeaders()
          .forEach((name, values) -> values.forEach(value -> lines.append(header(name, value))));
      byte[] body = lines.toString().getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static ServerCallHandler<String, String> call(String self) {
    return (call, headers) -> {
      StringBuilder lines = new StringBuilder(self);
      lines.append("path=/").append(call.getMethodDescriptor().getFullMethodName()).append('\n');
      for (String name : headers.keys()) {
        if (!name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
          Iterable<String> values =
              headers.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
          if (values != null) {
            values.forEach(value -> lines.append(header(name, value)));
          }
        }
      }
      call.request(1);
      return new ServerCall.Listener<>() {
        @Override
        public void onHalfClose() {
          call.sendHeaders(new Metadata());
          call.sendMessage(lines.toString());
          call.close(io.grpc.Status.OK, new Metadata());
        }
      };
    };
  }

  private static String header(String name, String value) {
    return "header=" + name + ": " + value + "\n";
  }

  private static final class Text implements MethodDescriptor.Marshaller<String> {
    @Override
    public InputStream stream(String value) {
      return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String parse(InputStream stream) {
      try {
        return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
