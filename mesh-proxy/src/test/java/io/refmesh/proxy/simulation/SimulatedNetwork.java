package io.refmesh.proxy.simulation;

import io.netty.buffer.ByteBufAllocator;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * Hosts that call each other over connections which are slow, cut every write, break and stall as a
 * seed says. Sees every byte.
 */
public final class SimulatedNetwork {

  /** Told what travels, before it does. */
  public interface Observer {
    void sent(SimulatedChannel from, byte[] bytes, int length);

    void note(String what, Object... about);
  }

  private static final long CALL_NANOS = 50_000;

  private final SimulatedTime time;
  private final SplittableRandom random;
  private final Observer observer;
  private final SimulatedBuffers buffers = new SimulatedBuffers();
  private final Map<InetSocketAddress, SimulatedListener> listeners = new HashMap<>();
  private final Set<SimulatedChannel> open = new LinkedHashSet<>();

  /** Hosts from and to which nothing arrives before then. */
  private final Map<String, Long> silentUntilNanos = new HashMap<>();

  /** Hosts that refuse every call: their program is gone. */
  private final Set<String> down = new LinkedHashSet<>();

  private int ports = 20_000;
  private long worstDelayNanos = 20_000_000;

  public SimulatedNetwork(SimulatedTime time, long seed, Observer observer) {
    this.time = time;
    this.random = new SplittableRandom(seed);
    this.observer = observer;
  }

  public SimulatedTime time() {
    return time;
  }

  ByteBufAllocator allocator() {
    return buffers;
  }

  /** Bytes that somebody has asked for and nobody has given back. */
  public long heldBytes() {
    return buffers.heldBytes();
  }

  /** Ends of connections that are not closed. */
  public List<SimulatedChannel> open() {
    return List.copyOf(open);
  }

  /** New connections are at most so slow. */
  public void worstDelayNanos(long nanos) {
    worstDelayNanos = nanos;
  }

  /** Nothing arrives at the host, nor what it sends, until then. */
  public void silence(String host, long nanos) {
    observer.note("silent", host, nanos / 1_000_000, "ms");
    silentUntilNanos.put(host, time.nanos() + nanos);
  }

  /** The host refuses calls; what it has is reset. */
  public void takeDown(String host) {
    observer.note("down", host);
    down.add(host);
    resetAll(channel -> channel.host().equals(host));
  }

  public void bringUp(String host) {
    observer.note("up", host);
    down.remove(host);
  }

  public void heal() {
    observer.note("healed");
    down.clear();
    silentUntilNanos.clear();
    worstDelayNanos = 1_000_000;
    for (SimulatedChannel channel : open) {
      Link link = channel.link();
      if (link != null) {
        link.heal();
      }
    }
  }

  /** Both ends of each connection with such an end are reset. */
  public void resetAll(Predicate<SimulatedChannel> which) {
    for (SimulatedChannel channel : new ArrayList<>(open)) {
      SimulatedChannel peer = channel.peer();
      if (which.test(channel) && peer != null) {
        observer.note("reset", channel.host(), "with", peer.host());
        channel.resetArrived();
        peer.resetArrived();
      }
    }
  }

  InetSocketAddress bind(InetSocketAddress address, SimulatedListener listener)
      throws BindException {
    InetSocketAddress bound =
        address.getPort() == 0 ? new InetSocketAddress(address.getAddress(), ports++) : address;
    if (listeners.putIfAbsent(bound, listener) != null) {
      throw new BindException("Address already in use");
    }
    return bound;
  }

  void unbind(InetSocketAddress address) {
    listeners.remove(address);
  }

  InetSocketAddress ephemeral(String host) {
    return new InetSocketAddress(host, ports++);
  }

  void opened(SimulatedChannel end) {
    open.add(end);
  }

  void closed(SimulatedChannel end) {
    open.remove(end);
  }

  void drawLinks(SimulatedChannel caller, SimulatedChannel called) {
    caller.link(new Link(random.split(), worstDelayNanos));
    called.link(new Link(random.split(), worstDelayNanos));
  }

  void call(SimulatedChannel caller, InetSocketAddress address) {
    String to = address.getAddress().getHostAddress();
    long at = Math.max(time.nanos() + CALL_NANOS, notBefore(caller.host(), to));
    time.after(
        at - time.nanos(),
        () -> {
          SimulatedListener listener = listeners.get(address);
          if (listener == null || down.contains(to)) {
            caller.refused();
          } else if (caller.answered(listener)) {
            observer.note("connected", caller.host(), "to", address);
          }
        });
  }

  /**
   * @param bytes handed over
   */
  void send(SimulatedChannel from, SimulatedChannel to, Link link, byte[] bytes, int length) {
    observer.sent(from, bytes, length);
    long at = link.arrivalNanos(time.nanos(), notBefore(from.host(), to.host()));
    int begin = 0;
    for (int size : link.pieces(length)) {
      if (size > 0) {
        byte[] piece =
            size == bytes.length ? bytes : Arrays.copyOfRange(bytes, begin, begin + size);
        begin += size;
        time.after(at - time.nanos(), () -> to.arrived(piece));
        at += link.gapNanos();
      }
    }
    link.arrivedAt(at);
  }

  void end(SimulatedChannel from, SimulatedChannel to) {
    Link link = from.link();
    if (link != null) {
      time.after(
          link.arrivalNanos(time.nanos(), notBefore(from.host(), to.host())) - time.nanos(),
          to::finArrived);
    }
  }

  /** Half of the resets overtake what was sent before them. */
  void reset(SimulatedChannel from, SimulatedChannel to) {
    Link link = from.link();
    long at =
        link == null || random.nextBoolean()
            ? time.nanos() + CALL_NANOS
            : link.arrivalNanos(time.nanos(), 0);
    time.after(Math.max(at, notBefore(from.host(), to.host())) - time.nanos(), to::resetArrived);
  }

  private long notBefore(String from, String to) {
    return Math.max(silentUntilNanos.getOrDefault(from, 0L), silentUntilNanos.getOrDefault(to, 0L));
  }
}
