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

  /** Opaque connections are relayed at once, before a byte has come. */
  public static boolean opaque(AppProtocol protocol, int port) {
    return switch (protocol) {
      case OPAQUE -> true;
      case DETECT -> OPAQUE_PORTS.contains(port);
      case HTTP, H2C, WEBSOCKET, GRPC, TLS -> false;
    };
  }
}
