package io.refmesh.toxiproxy.proxy;

import static java.lang.System.Logger.Level.DEBUG;

import io.netty.channel.EventLoopGroup;
import io.refmesh.toxiproxy.link.Seeds;
import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicChange;
import io.refmesh.toxiproxy.toxic.ToxicChange.Added;
import io.refmesh.toxiproxy.toxic.ToxicChange.Removed;
import io.refmesh.toxiproxy.toxic.ToxicChange.Updated;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One proxy: its settings, its toxics, and its listener while it is enabled. Used on the control
 * loop only.
 */
public final class Proxy {
  private static final System.Logger LOG = System.getLogger(Proxy.class.getName());

  private final Transport transport;
  private final EventLoopGroup loops;
  private final long seed;
  private final String name;
  private final AtomicLong connectionNumbers = new AtomicLong();
  private String listen;
  private String upstream;
  private List<Toxic> toxics = List.of();

  /** By name, those that only some connections have; in the order of their arrival. */
  private final Map<String, Toxic> ofExisting = new LinkedHashMap<>();

  private @Nullable Listener listener;

  Proxy(
      Transport transport,
      EventLoopGroup loops,
      long seed,
      String name,
      String listen,
      String upstream) {
    this.transport = transport;
    this.loops = loops;
    this.seed = Seeds.mix(seed, name.hashCode());
    this.name = name;
    this.listen = listen;
    this.upstream = upstream;
  }

  public String name() {
    return name;
  }

  /** The real address since it was last enabled, else the text as it was given. */
  public String listen() {
    return listen;
  }

  public String upstream() {
    return upstream;
  }

  public boolean enabled() {
    return listener != null;
  }

  /** The upstream ones first, then the downstream ones, each in order of creation. */
  public List<Toxic> toxics() {
    return toxics;
  }

  /** The toxic with this name. */
  public Toxic toxic(String toxicName) throws Refusal {
    return toxics.stream()
        .filter(toxic -> toxic.name().equals(toxicName))
        .findFirst()
        .orElseThrow(Refusal::toxicNotFound);
  }

  /** Starts to listen, unless it does already. */
  void enable() throws Refusal {
    if (listener == null) {
      Dialer dialer = new Dialer(transport, upstream);
      listener = Listener.open(transport, loops, listen, dialer, toxics, connectionNumbers, seed);
      listen = listener.address();
      LOG.log(DEBUG, "proxy listens: name={0} listen={1} upstream={2}", name, listen, upstream);
    }
  }

  /** Stops listening and closes every connection. */
  void disable() throws Refusal {
    if (listener != null) {
      Listener closing = listener;
      listener = null;
      closing.close();
      LOG.log(DEBUG, "proxy stopped: name={0} listen={1}", name, listen);
    }
  }

  /**
   * Takes new settings. Only a different address or upstream interrupts connections. When the new
   * address cannot be listened on, the proxy stays disabled with it, as in the original.
   */
  public void update(String newListen, String newUpstream, boolean newEnabled) throws Refusal {
    if (differs(newListen, newUpstream)) {
      disable();
      listen = newListen;
      upstream = newUpstream;
    }
    if (newEnabled) {
      enable();
    } else {
      disable();
    }
  }

  /** Whether these settings are other than the present ones, once the address is resolved. */
  boolean differs(String newListen, String newUpstream) throws Refusal {
    return !listen.equals(HostPort.parse(newListen).resolvedText())
        || !upstream.equals(newUpstream);
  }

  /** Adds a toxic to the end of its direction; every live connection has it when this returns. */
  public void add(Toxic toxic) throws Refusal {
    if (has(toxic.name())) {
      throw Refusal.toxicExists();
    }
    List<Toxic> after = new ArrayList<>(toxics);
    after.add(toxic);
    after.sort(Comparator.comparing(Toxic::direction));
    apply(new Added(toxic), after);
  }

  /**
   * Adds a toxic to the connections that are open now, and to no later one; each has it when this
   * returns. It is no part of {@link #toxics} and goes with its connections, or by {@link
   * #removeFromExisting}.
   */
  public void addToExisting(Toxic toxic) throws Refusal {
    if (has(toxic.name())) {
      throw Refusal.toxicExists();
    }
    ofExisting.put(toxic.name(), toxic);
    if (listener != null) {
      listener.apply(new Added(toxic), toxics);
    }
    LOG.log(DEBUG, "open connections poisoned: proxy={0} toxic={1}", name, toxic);
  }

  /** Removes a toxic that {@link #addToExisting} added. */
  public void removeFromExisting(String toxicName) throws Refusal {
    Toxic toxic = ofExisting.remove(toxicName);
    if (toxic == null) {
      throw Refusal.toxicNotFound();
    }
    if (listener != null) {
      listener.apply(new Removed(toxic), toxics);
    }
    LOG.log(DEBUG, "open connections healed: proxy={0} toxic={1}", name, toxic);
  }

  /** Puts {@code toxic} in the place of the one with its name. */
  public void replace(Toxic toxic) throws Refusal {
    List<Toxic> after = new ArrayList<>(toxics);
    after.replaceAll(old -> old.name().equals(toxic.name()) ? toxic : old);
    apply(new Updated(toxic), after);
  }

  /** Removes a toxic; no connection feels it any more when this returns. */
  public void remove(String toxicName) throws Refusal {
    Toxic toxic = toxic(toxicName);
    apply(new Removed(toxic), toxics.stream().filter(other -> other != toxic).toList());
  }

  public boolean has(String toxicName) {
    return ofExisting.containsKey(toxicName)
        || toxics.stream().anyMatch(toxic -> toxic.name().equals(toxicName));
  }

  /** Listens again and removes all toxics. */
  void reset() throws Refusal {
    enable();
    for (Toxic toxic : toxics) {
      remove(toxic.name());
    }
    for (String toxicName : List.copyOf(ofExisting.keySet())) {
      removeFromExisting(toxicName);
    }
  }

  private void apply(ToxicChange change, List<Toxic> after) throws Refusal {
    toxics = List.copyOf(after);
    if (listener != null) {
      listener.apply(change, toxics);
    }
    LOG.log(DEBUG, "toxics changed: proxy={0} change={1}", name, change);
  }
}
