package io.refmesh.model.discovery;

/**
 * What a port speaks, after {@code appProtocol} of its Service port; {@link #DETECT} when it says
 * nothing we know.
 */
public enum AppProtocol {
  DETECT,
  HTTP,
  H2C,
  WEBSOCKET,
  GRPC,
  TLS,
  OPAQUE;

  /** Reads {@code appProtocol}; what is unknown or absent is detected. */
  public static AppProtocol of(String appProtocol) {
    return switch (appProtocol) {
      case "http" -> HTTP;
      case "kubernetes.io/h2c" -> H2C;
      case "kubernetes.io/ws" -> WEBSOCKET;
      case "grpc" -> GRPC;
      case "tls" -> TLS;
      case "tcp", "refmesh.io/opaque" -> OPAQUE;
      default -> DETECT;
    };
  }
}
