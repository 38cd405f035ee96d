package io.refmesh.proxy;

import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.proxy.accept.ConfiguredDestinations;
import io.refmesh.proxy.accept.Listener;
import io.refmesh.proxy.accept.Target;
import io.refmesh.proxy.admin.ConfigDump;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The addresses the proxy listens on: the application's ports from the start, services as the
 * control plane names them. An address that cannot be bound is tried again five times a second.
 * Safe on any thread.
 */
final class Listeners {

  private static final Logger LOG = Logger.getLogger(Listeners.class.getName());
  private static final long RETRY_MILLIS = 200;
  private static final String NOT_BOUND_YET = "not bound yet";

  /** One address that is to be listened on. */
  private static final class Slot {
    final HostPort address;
    Target target;
    Listener.@Nullable Bound bound;
    String problem = NOT_BOUND_YET;
    boolean unwanted;

    Slot(HostPort address, Target target) {
      this.address = address;
      this.target = target;
    }
  }

  /** One of the ports to which the kernel's rules lead. */
  private record Redirected(String direction, HostPort address, Listener.Bound bound) {}

  private final Listener listener;
  private final ConfiguredDestinations destinations;
  private final ProxyConfig config;
  private final EventLoop timers;

  // Guarded by this.
  private final TreeMap<String, Slot> inbound = new TreeMap<>();
  private final Map<HostPort, Slot> outbound = new HashMap<>();
  private @Nullable Slot httpProxy;
  private final List<Redirected> redirected = new ArrayList<>();
  private boolean closed;

  /**
   * @param timers a loop that carries no traffic
   */
  Listeners(
      Listener listener,
      ConfiguredDestinations destinations,
      ProxyConfig config,
      EventLoop timers) {
    this.listener = listener;
    this.destinations = destinations;
    this.config = config;
    this.timers = timers;
  }

  /**
   * Binds the ports at which connections to the application come, and with a redirect those from
   * it; throws with the address in the message. Blocks.
   */
  void bind() throws IOException {
    switch (config.capture()) {
      case ProxyConfig.Capture.Addresses addresses -> bindInbound();
      case ProxyConfig.Capture.Redirect redirect -> bindRedirected(redirect);
    }
  }

  private void bindRedirected(ProxyConfig.Capture.Redirect redirect) throws IOException {
    // One socket for both families where the machine has IPv6; a loopback address for each.
    boolean ipv6 = hasIpv6();
    bindRedirected("inbound", new HostPort(ipv6 ? "::" : "0.0.0.0", redirect.inboundPort()));
    bindRedirected("outbound", new HostPort("127.0.0.1", redirect.outboundPort()));
    if (ipv6) {
      bindRedirected("outbound", new HostPort("::1", redirect.outboundPort()));
    }
  }

  private void bindRedirected(String direction, HostPort address) throws IOException {
    try {
      Listener.Bound bound = listener.bind(address).toCompletableFuture().join();
      synchronized (this) {
        redirected.add(new Redirected(direction, address, bound));
      }
    } catch (CompletionException e) {
      throw notBound(direction + " address", address, e);
    }
  }

  private void bindInbound() throws IOException {
    for (Map.Entry<Integer, AppProtocol> port : config.ports().entrySet()) {
      HostPort address = new HostPort(config.inbound(), port.getKey());
      Slot slot = new Slot(address, new Target.Inbound(port.getKey(), port.getValue()));
      destinations.put(address, slot.target);
      try {
        Listener.Bound bound = listener.bind(address).toCompletableFuture().join();
        synchronized (this) {
          slot.bound = bound;
          slot.problem = "";
          inbound.put(address.toString(), slot);
        }
      } catch (CompletionException e) {
        throw notBound("inbound address", address, e);
      }
    }
  }

  /** Binds the address where the application finds its HTTP proxy; throws and blocks likewise. */
  void bindHttpProxy(HostPort address) throws IOException {
    Target target = new Target.Named();
    destinations.put(address, target);
    Slot slot = new Slot(address, target);
    try {
      Listener.Bound bound = listener.bind(address).toCompletableFuture().join();
      synchronized (this) {
        slot.bound = bound;
        slot.problem = "";
        httpProxy = slot;
      }
    } catch (CompletionException e) {
      throw notBound("REFMESH_HTTP_PROXY", address, e);
    }
  }

  private static IOException notBound(String what, HostPort address, CompletionException e) {
    return new IOException(
        what
            + " "
            + address
            + " cannot be bound ("
            + reason(e.getCause())
            + "); is something else on it?",
        e.getCause());
  }

  /** Binds what is new and closes what is not wanted any more; connections live on. */
  synchronized void outbound(List<OutboundListener> wanted) {
    if (closed || config.capture() instanceof ProxyConfig.Capture.Redirect) {
      return;
    }
    Map<HostPort, Target> targets = new HashMap<>();
    for (OutboundListener one : wanted) {
      targets.put(one.listen(), new Target.Outbound(one.service(), one.protocol()));
    }
    outbound
        .values()
        .removeIf(slot -> {
          if (targets.containsKey(slot.address)) {
            return false;
          }
          drop(slot);
          return true;
        });
    targets.forEach((address, target) -> {
      destinations.put(address, target);
      Slot slot = outbound.get(address);
      if (slot == null) {
        slot = new Slot(address, target);
        outbound.put(address, slot);
        bind(slot);
      } else {
        slot.target = target;
      }
    });
  }

  /** Takes no more connections to the application. */
  synchronized void closeInbound() {
    inbound.values().forEach(Listeners::close);
    close("inbound");
  }

  /** Takes no more connections at all. */
  synchronized void close() {
    closed = true;
    closeInbound();
    if (httpProxy != null) {
      close(httpProxy);
    }
    outbound.values().forEach(this::drop);
    outbound.clear();
    close("outbound");
  }

  /** What is to be bound and is not, a sentence each. */
  synchronized List<String> problems() {
    return outbound.values().stream()
        .filter(slot -> !slot.problem.isEmpty())
        .map(slot -> "listener " + slot.address + ": " + slot.problem)
        .sorted()
        .toList();
  }

  synchronized List<ConfigDump.Listener> describe() {
    List<ConfigDump.Listener> all = new ArrayList<>();
    inbound.values().forEach(slot -> all.add(describe(slot)));
    if (httpProxy != null) {
      all.add(describe(httpProxy));
    }
    outbound.values().stream()
        .sorted((a, b) -> a.address.toString().compareTo(b.address.toString()))
        .forEach(slot -> all.add(describe(slot)));
    redirected.forEach(one ->
        all.add(
            new ConfigDump.Listener(
                one.direction(), one.address(), "original destination", "detect", "")));
    return all;
  }

  private void close(String direction) {
    redirected.stream()
        .filter(one -> one.direction().equals(direction))
        .forEach(one -> one.bound().close());
    redirected.removeIf(one -> one.direction().equals(direction));
  }

  private ConfigDump.Listener describe(Slot slot) {
    String protocol = slot.target.protocol().name().toLowerCase(Locale.ROOT);
    return switch (slot.target) {
      case Target.Inbound own ->
          new ConfigDump.Listener(
              "inbound",
              slot.address,
              config.applicationAddress(own.port()).toString(),
              protocol,
              slot.problem);
      case Target.Named named ->
          new ConfigDump.Listener(
              "outbound", slot.address, "HTTP proxy of the application", protocol, slot.problem);
      case Target.Outbound called ->
          new ConfigDump.Listener(
              "outbound", slot.address, called.service().toString(), protocol, slot.problem);
      case Target.Captured(HostPort called) ->
          new ConfigDump.Listener(
              "outbound", slot.address, called.toString(), protocol, slot.problem);
    };
  }

  private void bind(Slot slot) {
    listener
        .bind(slot.address)
        .whenComplete((bound, failure) -> {
          if (failure == null) {
            bound(slot, bound);
          } else {
            failed(slot, reason(failure));
          }
        });
  }

  private synchronized void bound(Slot slot, Listener.Bound bound) {
    slot.bound = bound;
    slot.problem = "";
    if (slot.unwanted) {
      close(slot);
    }
  }

  private synchronized void failed(Slot slot, String why) {
    if (slot.unwanted) {
      return;
    }
    if (slot.problem.equals(NOT_BOUND_YET)) {
      LOG.log(
          Level.WARNING,
          "listener not bound: address={0} target={1} reason=\"{2}\"; trying again",
          new Object[] {slot.address, slot.target, why});
    }
    slot.problem = "cannot be bound (" + why + ")";
    timers.schedule(
        () -> {
          synchronized (this) {
            if (!slot.unwanted) {
              bind(slot);
            }
          }
        },
        RETRY_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  /**
   * A connection that the kernel took before the listener was closed still finds what it was meant
   * for.
   */
  private void drop(Slot slot) {
    slot.unwanted = true;
    Listener.Bound bound = slot.bound;
    if (bound == null) {
      destinations.remove(slot.address);
    } else {
      slot.bound = null;
      bound.close().thenRun(() -> forget(slot.address));
    }
  }

  private synchronized void forget(HostPort address) {
    if (!outbound.containsKey(address)) {
      destinations.remove(address);
    }
  }

  private static boolean hasIpv6() {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress("::1", 0));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void close(Slot slot) {
    if (slot.bound != null) {
      slot.bound.close();
      slot.bound = null;
    }
  }

  private static String reason(@Nullable Throwable failure) {
    return failure == null || failure.getMessage() == null
        ? String.valueOf(failure)
        : failure.getMessage();
  }
}
