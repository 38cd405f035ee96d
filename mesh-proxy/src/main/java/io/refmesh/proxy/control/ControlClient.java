package io.refmesh.proxy.control;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.wire.AddressWire;
import io.refmesh.model.wire.DestinationWire;
import io.refmesh.model.wire.WorkloadWire;
import io.refmesh.model.wire.v1.Ack;
import io.refmesh.model.wire.v1.Hello;
import io.refmesh.model.wire.v1.Holding;
import io.refmesh.model.wire.v1.Nack;
import io.refmesh.model.wire.v1.WatchRequest;
import io.refmesh.model.wire.v1.WatchResponse;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.LongGauge;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one Watch stream open and hands on what it says. While there is no stream, everything stays
 * as it was last; afterwards all subscriptions are made again.
 *
 * <h2>Threading</h2>
 *
 * Everything happens on one virtual thread that takes events from a queue; other threads only put
 * events there. The queue is bounded by what may put something there: one message of the stream at
 * a time, and the proxy's own subscriptions.
 *
 * <h2>A version</h2>
 *
 * Decoded, given to the listeners, then remembered and acknowledged; when decoding or a listener
 * throws, refused with the message of the exception, and the state before stays.
 */
final class ControlClient implements Destinations, Addresses, WatchStream.Receiver, Runnable {

  private static final Logger LOG = Logger.getLogger(ControlClient.class.getName());

  /**
   * Reconnects must be quick (traffic moves again within 10 s of the control plane's return) and
   * spread (all proxies lose it at once).
   */
  private static final Duration RECONNECT_BASE = Duration.ofMillis(100);

  private static final Duration RECONNECT_MAX = Duration.ofSeconds(3);

  /**
   * A control plane answers Hello with the workload's configuration at once; one that does not is
   * not well.
   */
  private static final Duration FIRST_ANSWER = Duration.ofSeconds(10);

  /** A stream that lasted this long was a good one: the next wait is short again. */
  private static final Duration GOOD_STREAM = Duration.ofSeconds(5);

  /** Opens a stream with the certificate. */
  interface Connector {
    WatchStream open(WorkloadCertificate certificate, WatchStream.Receiver receiver)
        throws SSLException;
  }

  private sealed interface Event {
    /** Somebody watches something, or does not any more. */
    record Asked(Runnable change) implements Event {}

    record Received(WatchStream from, WatchResponse response) implements Event {}

    record Ended(WatchStream from, Status status) implements Event {}

    /** There may be a certificate now. */
    record Woken() implements Event {}
  }

  private final Connector connector;
  private final Hello hello;
  private final HeldCertificate held;
  private final Consumer<WorkloadConfig> workloadListener;
  private final Ticker ticker;
  private final JitteredBackoff backoff;
  private final ProxyMetrics metrics;
  private final LongGauge connected;
  private final Counter reconnects;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

  // Read by other threads for /config and /ready.
  private final Watches<ServicePort, DestinationState> destinations;
  private final Watches<HostPort, AddressState> addresses;
  private volatile @Nullable WorkloadConfig workload;
  private volatile @Nullable String lastFailure;
  private volatile boolean live;

  // Of the client's thread only.
  private @Nullable WatchStream stream;
  private long openedNanos;
  private boolean answered;
  private long connectAtNanos;
  private @Nullable Holding toldHolding;

  ControlClient(
      Connector connector,
      Hello hello,
      HeldCertificate held,
      Consumer<WorkloadConfig> workloadListener,
      Ticker ticker,
      RandomGenerator random,
      ProxyMetrics metrics) {
    this.connector = connector;
    this.hello = hello;
    this.held = held;
    this.workloadListener = workloadListener;
    this.ticker = ticker;
    this.metrics = metrics;
    backoff = new JitteredBackoff(random);
    connected = metrics.gauge(ProxyMetric.CONTROL_CONNECTED);
    connected.set(0);
    reconnects = metrics.counter(ProxyMetric.CONTROL_RECONNECTS_TOTAL);
    connectAtNanos = ticker.nanoTime();
    Watches.Wire wire = new Watches.Wire(this::send, this::live, this::later);
    destinations =
        new Watches<>(
            wire,
            service ->
                WatchRequest.newBuilder().setSubscribe(DestinationWire.encode(service)).build(),
            service ->
                WatchRequest.newBuilder().setUnsubscribe(DestinationWire.encode(service)).build());
    addresses =
        new Watches<>(
            wire,
            address ->
                WatchRequest.newBuilder()
                    .setSubscribeAddress(DestinationWire.encode(address))
                    .build(),
            address ->
                WatchRequest.newBuilder()
                    .setUnsubscribeAddress(DestinationWire.encode(address))
                    .build());
  }

  @Override
  public Subscription watch(ServicePort service, Consumer<DestinationState> listener) {
    Watches<ServicePort, DestinationState>.Watcher watcher = destinations.watch(service, listener);
    return new Subscription() {
      @Override
      public Optional<DestinationState> state() {
        return watcher.state();
      }

      @Override
      public void close() {
        watcher.close();
      }
    };
  }

  @Override
  public Watch watch(HostPort address, Consumer<AddressState> listener) {
    return addresses.watch(address, listener)::close;
  }

  /** Looks again whether there is a certificate to connect with. */
  void wake() {
    events.add(new Event.Woken());
  }

  /** Whether a stream is open on which the control plane has spoken. */
  boolean live() {
    return live;
  }

  Optional<WorkloadConfig> workload() {
    return Optional.ofNullable(workload);
  }

  /** Why there is no stream; null when there was no failure. */
  @Nullable String lastFailure() {
    return lastFailure;
  }

  /** Every destination with the last state that was accepted, for those that have one. */
  Map<ServicePort, DestinationState> states() {
    return new TreeMap<>(destinations.states());
  }

  @Override
  public void received(WatchStream from, WatchResponse response) {
    events.add(new Event.Received(from, response));
  }

  @Override
  public void ended(WatchStream from, Status status) {
    events.add(new Event.Ended(from, status));
  }

  @Override
  public void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        step();
      }
    } catch (InterruptedException e) {
      // Stopped: the proxy is closing.
      Thread.currentThread().interrupt();
    } finally {
      closeStream();
    }
  }

  private void step() throws InterruptedException {
    long now = ticker.nanoTime();
    long waitNanos = Long.MAX_VALUE;
    WorkloadCertificate certificate = held.current().orElse(null);
    if (stream == null && certificate != null) {
      if (connectAtNanos - now <= 0) {
        connect(certificate);
        return;
      }
      waitNanos = connectAtNanos - now;
    } else if (stream != null && !answered) {
      waitNanos = openedNanos + FIRST_ANSWER.toNanos() - now;
      if (waitNanos <= 0) {
        lost("no answer within " + FIRST_ANSWER.toSeconds() + " s");
        return;
      }
    }
    Event event = events.poll(waitNanos, TimeUnit.NANOSECONDS);
    switch (event) {
      case null -> {
        // Time to look again.
      }
      case Event.Woken() -> {
        // A certificate may be there now, or another one.
        tellHolding();
      }
      case Event.Asked(Runnable change) -> change.run();
      case Event.Received(WatchStream from, WatchResponse response) -> {
        if (from == stream) {
          answered(from, response);
        }
      }
      case Event.Ended(WatchStream from, Status status) -> {
        if (from == stream) {
          lost(ControlErrors.text(status));
        }
      }
    }
  }

  private void connect(WorkloadCertificate certificate) {
    try {
      WatchStream opened = connector.open(certificate, this);
      stream = opened;
      openedNanos = ticker.nanoTime();
      answered = false;
      opened.send(WatchRequest.newBuilder().setHello(hello).build());
      toldHolding = null;
      tellHolding();
      destinations.subscribeAll();
      addresses.subscribeAll();
    } catch (SSLException | RuntimeException e) {
      // Whatever it was, the next try may work, and the last state stays until then.
      lost(e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  private void lost(String why) {
    long now = ticker.nanoTime();
    if (answered && now - openedNanos > GOOD_STREAM.toNanos()) {
      backoff.reset();
    }
    Duration wait = backoff.next(RECONNECT_BASE, RECONNECT_MAX);
    connectAtNanos = now + wait.toNanos();
    reconnects.increment();
    if (live || lastFailure == null) {
      LOG.log(Level.WARNING, "control plane lost: {0}; the last state stays, trying again", why);
    } else {
      LOG.log(Level.FINE, "control plane still away: {0}", why);
    }
    lastFailure = why;
    closeStream();
    held.away();
    destinations.away();
    addresses.away();
  }

  private void closeStream() {
    if (stream != null) {
      stream.close();
      stream = null;
    }
    live = false;
    connected.set(0);
  }

  private void answered(WatchStream from, WatchResponse response) {
    if (!answered) {
      answered = true;
      live = true;
      connected.set(1);
      if (lastFailure != null) {
        LOG.log(Level.INFO, "control plane found again");
        lastFailure = null;
      }
    }
    String kind = kind(response);
    try {
      apply(response);
      metrics.counter(ProxyMetric.CONTROL_UPDATES_TOTAL, kind, "applied").increment();
      from.send(
          WatchRequest.newBuilder()
              .setAck(
                  Ack.newBuilder()
                      .setResource(response.getResource())
                      .setVersion(response.getVersion()))
              .build());
    } catch (RuntimeException e) {
      // Safe to go on: nothing of the refused version is kept.
      String reason = e.getMessage() == null ? e.toString() : e.getMessage();
      metrics.counter(ProxyMetric.CONTROL_UPDATES_TOTAL, kind, "refused").increment();
      LOG.log(
          Level.WARNING,
          "refused version {0} of {1}: {2}; the last good one stays",
          new Object[] {Long.toString(response.getVersion()), response.getResource(), reason});
      from.send(
          WatchRequest.newBuilder()
              .setNack(
                  Nack.newBuilder()
                      .setResource(response.getResource())
                      .setVersion(response.getVersion())
                      .setReason(reason))
              .build());
    }
    from.next();
  }

  private void apply(WatchResponse response) {
    switch (response.getValueCase()) {
      case WORKLOAD -> {
        WorkloadConfig config = WorkloadWire.decode(response.getWorkload());
        workloadListener.accept(config);
        workload = config;
      }
      case DESTINATION -> {
        Destination destination = DestinationWire.decode(response.getDestination());
        destinations.accept(
            destination.id(), new DestinationState.Known(response.getVersion(), destination));
      }
      case NOT_FOUND -> {
        ServicePort service = DestinationWire.decode(response.getNotFound().getService());
        destinations.accept(
            service,
            new DestinationState.NotFound(
                response.getVersion(), response.getNotFound().getReason()));
      }
      case ADDRESS ->
          addresses.accept(
              DestinationWire.decode(response.getAddress().getAddress()),
              AddressWire.decode(response.getAddress()));
      case TRUST -> held.trust(roots(response), response.getTrust().getLeafRoot());
      case VALUE_NOT_SET ->
          throw new IllegalArgumentException(
              response.getResource()
                  + ": a kind of value that this proxy does not know (expected: an older one)");
    }
  }

  private static List<X509Certificate> roots(WatchResponse response) {
    List<X509Certificate> roots =
        response.getTrust().getRootsList().stream()
            .map(ByteString::toByteArray)
            .map(TrustRoots::decodeOne)
            .toList();
    if (roots.isEmpty()) {
      throw new IllegalArgumentException("trust bundle: no roots (expected: at least one)");
    }
    return roots;
  }

  private void tellHolding() {
    Holding holding = held.holding().orElse(null);
    if (stream != null && holding != null && !holding.equals(toldHolding)) {
      toldHolding = holding;
      stream.send(WatchRequest.newBuilder().setHolding(holding).build());
    }
  }

  private void send(WatchRequest request) {
    if (stream != null) {
      stream.send(request);
    }
  }

  private void later(Runnable change) {
    events.add(new Event.Asked(change));
  }

  private static String kind(WatchResponse response) {
    return switch (response.getValueCase()) {
      case WORKLOAD -> "workload";
      case DESTINATION, NOT_FOUND -> "destination";
      case ADDRESS -> "address";
      case TRUST -> "trust";
      case VALUE_NOT_SET -> "unknown";
    };
  }
}
