package io.refmesh.proxy.detect;

import java.util.List;
import java.util.Optional;

/** What a connection speaks, as its first bytes say. */
public sealed interface Protocol {

  record Http1() implements Protocol {}

  /** HTTP/2 without TLS, by prior knowledge. */
  record Http2() implements Protocol {}

  /**
   * A whole TLS ClientHello.
   *
   * @param serverName lower case, as the client sent it
   * @param applicationProtocols of ALPN, in the client's order
   */
  record Tls(Optional<String> serverName, List<String> applicationProtocols) implements Protocol {
    public Tls {
      applicationProtocols = List.copyOf(applicationProtocols);
    }
  }

  record Opaque() implements Protocol {}

  Http1 HTTP_1 = new Http1();
  Http2 HTTP_2 = new Http2();
  Opaque OPAQUE = new Opaque();
}
