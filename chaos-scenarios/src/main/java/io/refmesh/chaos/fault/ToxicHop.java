package io.refmesh.chaos.fault;

import eu.rekawek.toxiproxy.Proxy;
import io.refmesh.chaos.mesh.Toxiproxy;
import java.io.IOException;

/** A proxy of Toxiproxy between two sidecars. Clean until a {@link ToxicFault} uses it. */
public final class ToxicHop implements AutoCloseable {

  private final Toxiproxy toxiproxy;
  private final Proxy proxy;

  private ToxicHop(Toxiproxy toxiproxy, Proxy proxy) {
    this.toxiproxy = toxiproxy;
    this.proxy = proxy;
  }

  /**
   * @param upstream the sidecar behind it, {@code host:port}
   */
  public static ToxicHop open(Toxiproxy toxiproxy, String name, String upstream)
      throws IOException {
    return new ToxicHop(toxiproxy, toxiproxy.proxy(name, upstream));
  }

  /** Where callers have to connect to, {@code host:port}. */
  public String address() {
    return toxiproxy.address(proxy);
  }

  Toxiproxy toxiproxy() {
    return toxiproxy;
  }

  String proxyName() {
    return proxy.getName();
  }

  @Override
  public void close() throws IOException {
    proxy.delete();
  }
}
