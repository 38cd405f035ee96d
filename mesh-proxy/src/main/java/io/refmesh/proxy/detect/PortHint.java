package io.refmesh.proxy.detect;

import io.refmesh.model.discovery.AppProtocol;
import java.util.Set;

/**
 * Whether a port's first bytes need looking at, after what its Service says and after the ports
 * that are known to be opaque.
 */
public final class PortHint {

  /**
   * Protocols whose server speaks first, or that would wait for detection in vain: SMTP, databases,
   * Galera, Elasticsearch transport, memcached.
   */
  public static final Set<Integer> OPAQUE_PORTS =
      Set.of(25, 587, 3306, 4444, 5432, 6379, 9300, 11211);

  private PortHint() {}

  /**
   * What a connection is taken for. On a port that is declared HTTP nothing else is carried: what
   * is not HTTP gets an answer of the HTTP server, or a request line that it would refuse could
   * pass for opaque bytes. On a port that is declared HTTP/2 a request of HTTP/1 ends as a protocol
   * error, as it would at the application.
   */
  public static Protocol served(AppProtocol declared, Protocol detected) {
    return switch (declared) {
      case HTTP, WEBSOCKET -> detected instanceof Protocol.Http2 ? detected : Protocol.HTTP_1;
      case H2C, GRPC -> Protocol.HTTP_2;
      case OPAQUE -> Protocol.OPAQUE;
      case DETECT, TLS -> detected;
    };
  }

  /** Whether it is known before the first byte that the connection carries HTTP. */
  public static boolean http(AppProtocol declared) {
    return switch (declared) {
      case HTTP, WEBSOCKET, H2C, GRPC -> true;
      case DETECT, TLS, OPAQUE -> false;
    };
  }

  /** Whether nothing but HTTP/2 is spoken on it. */
  public static boolean http2(AppProtocol declared) {
    return declared == AppProtocol.H2C || declared == AppProtocol.GRPC;
  }

  /** Opaque connections are relayed at once, before a byte has come. */
  public static boolean opaque(AppProtocol protocol, int port) {
    return switch (protocol) {
      case OPAQUE -> true;
      case DETECT -> OPAQUE_PORTS.contains(port);
      case HTTP, H2C, WEBSOCKET, GRPC, TLS -> false;
    };
  }
}
