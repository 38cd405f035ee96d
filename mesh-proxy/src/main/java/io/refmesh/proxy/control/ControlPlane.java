package io.refmesh.proxy.control;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.wire.v1.Hello;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/**
 * The control plane as the rest of the proxy sees it: tells a listener of certificate and
 * configuration, answers for destinations, and says what is missing. Safe on any thread.
 */
public final class ControlPlane implements Destinations, Addresses, AutoCloseable {

  private final TrustRoots roots;
  private final HeldCertificate held;
  private final CertificateSource certificates;
  private final ControlClient client;
  private final ExecutorService callbacks;
  private @Nullable Thread certificateThread;
  private @Nullable Thread clientThread;

  /**
   * @param group carries the connections; stays the caller's
   * @throws IllegalArgumentException if the trust roots cannot be read; the message names the file
   */
  public ControlPlane(
      ControlSettings settings,
      ControlListener listener,
      EventLoopGroup group,
      Class<? extends Channel> channelType,
      Ticker ticker,
      InstantSource clock,
      RandomGenerator random,
      ProxyMetrics metrics) {
    roots = TrustRoots.read(settings.trustRoots());
    callbacks =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("control-callback").factory());
    ControlChannels channels =
        new ControlChannels(
            settings.control()::toSocketAddress,
            new ControlPlaneTrust(roots, settings.controlIdentity(), clock),
            group,
            channelType,
            callbacks);
    held = new HeldCertificate(roots, listener, this::certificateChanged, metrics);
    certificates =
        new CertificateSource(
            new GrpcCertifier(
                channels,
                settings.namespace() + "/" + settings.workload() + "/" + settings.replica(),
                settings.tokenFile()),
            settings.identity(),
            held,
            settings.clockSkew(),
            clock,
            ownGenerator(random),
            Sleeper.system(),
            metrics);
    client =
        new ControlClient(
            (certificate, receiver) -> WatchStream.open(channels.with(certificate), receiver),
            Hello.newBuilder()
                .setNamespace(settings.namespace())
                .setWorkload(settings.workload())
                .setReplica(settings.replica())
                .setAddress(settings.address())
                .build(),
            held,
            listener::workload,
            ticker,
            ownGenerator(random),
            metrics);
  }

  /** Begins to ask for a certificate, then for everything else. Once. */
  public synchronized void start() {
    certificateThread = Thread.ofVirtual().name("certificate-source").start(certificates);
    clientThread = Thread.ofVirtual().name("control-client").start(client);
  }

  @Override
  public Subscription watch(ServicePort service, Consumer<DestinationState> listener) {
    return client.watch(service, listener);
  }

  @Override
  public Watch watch(HostPort address, Consumer<AddressState> listener) {
    return client.watch(address, listener);
  }

  /** What the proxy shows to its peers now. */
  public Optional<WorkloadCertificate> certificate() {
    return held.current();
  }

  public Optional<WorkloadConfig> workload() {
    return client.workload();
  }

  /** Every destination asked for that has been answered. */
  public Map<ServicePort, DestinationState> destinations() {
    return client.states();
  }

  /** Whether the control plane is there now. Traffic does not need it. */
  public boolean connected() {
    return client.live();
  }

  /**
   * What this proxy still waits for before it can work, a sentence each; empty when it has
   * everything.
   */
  public List<String> missing() {
    List<String> missing = new ArrayList<>();
    if (held.current().isEmpty()) {
      missing.add("certificate: none that is valid" + because(certificates.lastFailure()));
    }
    if (client.workload().isEmpty()) {
      missing.add("configuration: none yet" + because(client.lastFailure()));
    }
    return missing;
  }

  /** Stops asking; the last state stays readable. */
  @Override
  public synchronized void close() {
    stop(certificateThread);
    stop(clientThread);
    callbacks.shutdown();
  }

  private static void stop(@Nullable Thread thread) {
    if (thread == null) {
      return;
    }
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String because(@Nullable String failure) {
    return failure == null ? "" : "; " + failure;
  }

  /** A generator belongs to one thread. */
  private static RandomGenerator ownGenerator(RandomGenerator random) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(random.nextLong());
  }

  /** With the first certificate the client can connect; of others it tells the control plane. */
  private void certificateChanged() {
    client.wake();
    certificates.wake();
  }
}
