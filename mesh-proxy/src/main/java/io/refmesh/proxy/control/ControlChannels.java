package io.refmesh.proxy.control;

import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.refmesh.proxy.tls.TlsContexts;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

/**
 * Opens connections to the control plane: without a certificate to ask for the first, with the
 * current one for the rest.
 */
final class ControlChannels {

  /**
   * How long the control plane may take to accept a connection: longer than any healthy one, short
   * against a reconnect.
   */
  private static final int CONNECT_TIMEOUT_MILLIS = 3_000;

  /**
   * A destination with thousands of endpoints fits; the bound keeps a mistake from filling the
   * heap.
   */
  private static final int MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

  /** A control plane that vanished without a word is noticed by its silence. */
  private static final long KEEP_ALIVE_SECONDS = 10;

  private static final long KEEP_ALIVE_ANSWER_SECONDS = 5;

  private final Supplier<? extends SocketAddress> address;
  private final ControlPlaneTrust trust;
  private final EventLoopGroup group;
  private final Class<? extends Channel> channelType;
  private final Executor executor;

  /**
   * @param address asked for each connection, on the thread that opens it: a name is resolved anew
   */
  ControlChannels(
      Supplier<? extends SocketAddress> address,
      ControlPlaneTrust trust,
      EventLoopGroup group,
      Class<? extends Channel> channelType,
      Executor executor) {
    this.address = address;
    this.trust = trust;
    this.group = group;
    this.channelType = channelType;
    this.executor = executor;
  }

  /** Only the server proves itself. The caller shuts the channel down. */
  ManagedChannel withoutCertificate() throws SSLException {
    return open(SslContextBuilder.forClient());
  }

  /** Both sides prove themselves. The caller shuts the channel down. */
  ManagedChannel with(WorkloadCertificate certificate) throws SSLException {
    return open(
        SslContextBuilder.forClient()
            .keyManager(certificate.key(), certificate.chain().toArray(X509Certificate[]::new)));
  }

  private ManagedChannel open(SslContextBuilder tls) throws SSLException {
    return NettyChannelBuilder.forAddress(address.get())
        .sslContext(
            GrpcSslContexts.configure(tls, SslProvider.OPENSSL)
                .protocols("TLSv1.3")
                .keyStoreType(TlsContexts.KEY_STORE)
                .option(
                    OpenSslContextOption.GROUPS, new String[] {"X25519MLKEM768", "X25519", "P-256"})
                .trustManager(trust)
                .build())
        .eventLoopGroup(group)
        .channelType(channelType)
        .executor(executor)
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEP_ALIVE_ANSWER_SECONDS, TimeUnit.SECONDS)
        .maxInboundMessageSize(MESSAGE_BYTES_MAX)
        .disableRetry()
        .build();
  }
}
