package io.refmesh.local.tap;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.refmesh.control.registry.Instances;
import io.refmesh.local.StateFolder;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.TapEvent;
import io.refmesh.model.wire.v1.TapGrpc;
import io.refmesh.model.wire.v1.TapRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Watches the live requests of every instance of a workload of a local mesh. Blocking. */
public final class LocalTap {

  /** Told of events, one at a time. */
  public interface Reader {

    /**
     * @param instance {@code namespace/workload-replica}
     */
    void event(String instance, TapEvent event);
  }

  private static final int TAP_PORT = 4190;

  private LocalTap() {}

  /**
   * Returns when the taps have ended, because so many requests were told as was asked for of each
   * instance, or with an error that says which instance refused and why.
   */
  public static void watch(
      Path directory,
      String namespace,
      String workload,
      TapRequest request,
      InstantSource clock,
      Reader reader)
      throws IOException, InterruptedException {
    StateFolder state = new StateFolder(directory);
    StateFolder.MeshFile mesh = state.readMesh();
    List<Instances.Instance> instances =
        Instances.read(state.instances()).instances().stream()
            .filter(one -> one.namespace().equals(namespace) && one.workload().equals(workload))
            .filter(one -> !one.draining())
            .toList();
    if (instances.isEmpty()) {
      throw new IOException(
          "workload "
              + namespace
              + "/"
              + workload
              + " is not running (expected: one that `mesh status` shows)");
    }
    TapCertificate certificate = TapCertificate.ask(state, clock);
    List<String> failures = new CopyOnWriteArrayList<>();
    List<Thread> threads = new ArrayList<>();
    List<ManagedChannel> channels = new ArrayList<>();
    try {
      for (Instances.Instance instance : instances) {
        ManagedChannel channel = channel(instance, mesh.trustDomain(), certificate);
        channels.add(channel);
        String name = namespace + "/" + workload + "-" + instance.replica();
        threads.add(
            Thread.ofVirtual()
                .name("tap " + name)
                .start(() -> {
                  String failure = follow(channel, name, request, reader);
                  if (failure != null) {
                    failures.add(failure);
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
    }
    if (!failures.isEmpty()) {
      throw new IOException(String.join("; ", failures));
    }
  }

  private static @Nullable String follow(
      ManagedChannel channel, String instance, TapRequest request, Reader reader) {
    try {
      Iterator<TapEvent> events = TapGrpc.newBlockingStub(channel).watch(request);
      while (events.hasNext()) {
        TapEvent event = events.next();
        synchronized (reader) {
          reader.event(instance, event);
        }
      }
      return null;
    } catch (StatusRuntimeException e) {
      Status status = e.getStatus();
      return "tap of "
          + instance
          + " ended: "
          + status.getCode()
          + (status.getDescription() == null ? "" : ", " + status.getDescription());
    }
  }

  private static ManagedChannel channel(
      Instances.Instance instance, String trustDomain, TapCertificate certificate)
      throws IOException {
    SpiffeId expected = new SpiffeId(trustDomain, instance.namespace(), instance.serviceAccount());
    try {
      return NettyChannelBuilder.forAddress(instance.address(), TAP_PORT)
          .sslContext(
              SslContextBuilder.forClient()
                  .sslProvider(SslProvider.OPENSSL)
                  .protocols("TLSv1.3")
                  .trustManager(SidecarTrust.of(certificate.roots(), expected))
                  .endpointIdentificationAlgorithm(null)
                  .keyManager(
                      certificate.key().getPrivate(),
                      certificate.chain().toArray(X509Certificate[]::new))
                  // The mesh's own name for HTTP/2 is what sidecars take; gRPC insists that the
                  // other is offered, too.
                  .applicationProtocolConfig(
                      new ApplicationProtocolConfig(
                          ApplicationProtocolConfig.Protocol.ALPN,
                          ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                          ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                          "refmesh/h2",
                          "h2"))
                  .build())
          .build();
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS to " + instance.address() + " cannot be set up", e);
    }
  }
}
