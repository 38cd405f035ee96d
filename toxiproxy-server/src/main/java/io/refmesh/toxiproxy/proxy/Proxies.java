package io.refmesh.toxiproxy.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.channel.EventLoopGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The proxies of a server by name, in the order of the names' bytes as Go sorts them. Used on the
 * control loop only.
 */
public final class Proxies {
  private final Transport transport;
  private final EventLoopGroup loops;
  private final long seed;
  private final SortedMap<String, Proxy> byName =
      new TreeMap<>(
          Comparator.comparing((String name) -> name.getBytes(UTF_8), Arrays::compareUnsigned));

  /**
   * @param loops the data loops, which the caller shuts down after {@link #close}
   */
  public Proxies(Transport transport, EventLoopGroup loops, long seed) {
    this.transport = transport;
    this.loops = loops;
    this.seed = seed;
  }

  /** All proxies, sorted. */
  public List<Proxy> all() {
    return List.copyOf(byName.values());
  }

  /** The proxy with this name. */
  public Proxy get(String name) throws Refusal {
    Proxy proxy = byName.get(name);
    if (proxy == null) {
      throw Refusal.proxyNotFound();
    }
    return proxy;
  }

  /** Makes a proxy; when it cannot listen there is none. */
  public Proxy create(String name, String listen, String upstream, boolean enabled) throws Refusal {
    if (byName.containsKey(name)) {
      throw Refusal.proxyExists();
    }
    return put(name, listen, upstream, enabled);
  }

  /** Keeps the proxy of this name if it is the same, toxics and all, else makes it anew. */
  public Proxy createOrReplace(String name, String listen, String upstream, boolean enabled)
      throws Refusal {
    Proxy existing = byName.get(name);
    if (existing != null) {
      if (!existing.differs(listen, upstream)) {
        return existing;
      }
      existing.disable();
    }
    return put(name, listen, upstream, enabled);
  }

  private Proxy put(String name, String listen, String upstream, boolean enabled) throws Refusal {
    Proxy proxy = new Proxy(transport, loops, seed, name, listen, upstream);
    if (enabled) {
      proxy.enable();
    }
    byName.put(name, proxy);
    return proxy;
  }

  /** Stops a proxy and forgets it. */
  public void delete(String name) throws Refusal {
    Proxy proxy = get(name);
    byName.remove(name);
    proxy.disable();
  }

  /** Enables every proxy and removes every toxic. */
  public void reset() throws Refusal {
    for (Proxy proxy : new ArrayList<>(byName.values())) {
      proxy.reset();
    }
  }

  /** Stops everything. */
  public void close() throws Refusal {
    for (Proxy proxy : all()) {
      delete(proxy.name());
    }
  }
}
