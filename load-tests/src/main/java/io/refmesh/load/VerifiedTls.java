package io.refmesh.load;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.refmesh.load.LoadPlan.Protocol;
import io.refmesh.load.LoadPlan.StreamPlan;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * TLS that checks the chain and the host name; there is no way to switch that off, a load that
 * trusts everybody proves nothing.
 */
final class VerifiedTls {

  private VerifiedTls() {}

  /** The client side of a stream's TLS, or null when it speaks in clear. */
  static @Nullable SslContext of(StreamPlan stream) throws PlanRefused {
    if (stream.protocol() != Protocol.HTTPS) {
      return null;
    }
    SslContextBuilder client =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.JDK)
            .endpointIdentificationAlgorithm("HTTPS");
    try {
      return (stream.trustStore() == null
              ? client
              : client.trustManager(stream.trustStore().toFile()))
          .build();
    } catch (SSLException | IllegalArgumentException unusable) {
      throw new PlanRefused(
          "stream "
              + stream.id()
              + ": trustStore "
              + stream.trustStore()
              + ": "
              + Failures.text(unusable)
              + " (expected: a PEM file of CA certificates)");
    }
  }
}
