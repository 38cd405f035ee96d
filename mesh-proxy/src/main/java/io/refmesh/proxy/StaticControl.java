package io.refmesh.proxy;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.control.ControlListener;
import io.refmesh.proxy.control.DestinationState;
import io.refmesh.proxy.control.StaticConfiguration;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A folder in the place of a control plane: says once what is in it. The certificate is given up
 * when it ends, as with a control plane that is away. Tells on one side loop; asked on any thread.
 */
final class StaticControl implements Control {

  private static final Logger LOG = Logger.getLogger(StaticControl.class.getName());

  private final StaticConfiguration configuration;
  private final ControlListener listener;
  private final EventLoop loop;
  private final Duration left;
  private final Map<ServicePort, DestinationState> states = new TreeMap<>();
  private volatile boolean told;
  private volatile boolean expired;
  private @Nullable Future<?> expiry;

  StaticControl(StaticConfiguration configuration, ControlListener listener, Parts parts) {
    this.configuration = configuration;
    this.listener = listener;
    loop = parts.loop().next();
    left = Duration.between(parts.clock().instant(), configuration.certificate().notAfter());
    for (Destination destination : configuration.destinations()) {
      states.put(destination.id(), new DestinationState.Known(1, destination));
    }
  }

  @Override
  public void start() {
    loop.execute(() -> {
      listener.certificate(configuration.certificate());
      listener.workload(configuration.workload());
      told = true;
      expiry = loop.schedule(this::expire, Math.max(0, left.toMillis()), TimeUnit.MILLISECONDS);
    });
  }

  @Override
  public Subscription watch(ServicePort service, Consumer<DestinationState> watcher) {
    DestinationState state =
        states.getOrDefault(
            service, new DestinationState.NotFound(1, "no file in destinations/ is about it"));
    loop.execute(() -> watcher.accept(state));
    return new Subscription() {
      @Override
      public Optional<DestinationState> state() {
        return Optional.of(state);
      }

      @Override
      public void close() {}
    };
  }

  /** Files name no addresses. */
  @Override
  public Watch watch(HostPort address, Consumer<AddressState> watcher) {
    loop.execute(
        () -> watcher.accept(new AddressState.Refused("no file says what is at " + address)));
    return () -> {};
  }

  @Override
  public Map<ServicePort, DestinationState> destinations() {
    return states;
  }

  /** There is none that could be away. */
  @Override
  public boolean connected() {
    return true;
  }

  @Override
  public List<String> missing() {
    if (expired) {
      return List.of(
          "certificate: ended at "
              + configuration.certificate().notAfter()
              + "; replace the files");
    }
    return told ? List.of() : List.of("configuration: not read yet");
  }

  @Override
  public void close() {
    Future<?> waiting = expiry;
    if (waiting != null) {
      waiting.cancel(false);
    }
  }

  private void expire() {
    WorkloadCertificate certificate = configuration.certificate();
    expired = true;
    LOG.log(
        Level.SEVERE,
        "certificate expired: serial={0} notAfter={1}; replace the files and start again",
        new Object[] {certificate.serial(), certificate.notAfter()});
    listener.expired(certificate, "it came from a file");
  }
}
