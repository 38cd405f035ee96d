package io.refmesh.local.network;

import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/**
 * Addresses of one mesh: inside its part of 127/8, or, with network namespaces, of a network that
 * is kept for measurements (RFC 2544) and that nobody routes.
 *
 * <pre>
 * 127.n.0.1        the control plane
 * 127.n.x.1        sidecar of workload instance x: its inbound ports and its admin port
 * 127.n.x.2        the application of instance x
 * 127.n.x.10…250   what instance x calls: one address per service, the same last number in every instance
 *
 * 198.18.n.1       the control plane, on the bridge
 * 198.18.n.x+1     workload instance x: its application, and its sidecar with it
 * 198.19.n.10…250  services; nobody has these addresses, the kernel leads connections to the sidecar
 * </pre>
 *
 * Under the lock of the mesh.
 */
public final class LocalNetwork {

  static final int INSTANCES_MAX = 250;
  static final int SERVICES_MAX = 240;
  private static final int FIRST_SERVICE = 10;

  private final int octet;
  private final boolean namespaces;
  private final BitSet instances = new BitSet();
  private final Map<String, Integer> services = new TreeMap<>();
  private int last;

  /**
   * @param namespaces whether each instance has a network namespace of its own
   */
  public LocalNetwork(int octet, boolean namespaces) {
    this.octet = octet;
    this.namespaces = namespaces;
  }

  public String controlPlane() {
    return namespaces ? "198.18." + octet + ".1" : "127." + octet + ".0.1";
  }

  /** Whether connections are led to sidecars by the kernel. */
  public boolean captured() {
    return namespaces;
  }

  /**
   * The number of a new instance; numbers of ended ones come again only when the others are used
   * up.
   */
  public int takeInstance() {
    for (int tried = 0; tried < INSTANCES_MAX; tried++) {
      last = last % INSTANCES_MAX + 1;
      if (!instances.get(last)) {
        instances.set(last);
        return last;
      }
    }
    throw new IllegalStateException(
        "workload instances: more than "
            + INSTANCES_MAX
            + " on one machine (expected: fewer replicas)");
  }

  public void releaseInstance(int instance) {
    instances.clear(instance);
  }

  public String sidecar(int instance) {
    return namespaces ? workload(instance) : address(instance, 1);
  }

  public String application(int instance) {
    return namespaces ? workload(instance) : address(instance, 2);
  }

  /** Where {@code instance} reaches the service {@code namespace/name}. */
  public String service(int instance, String service) {
    Integer number = services.get(service);
    if (number == null) {
      number = FIRST_SERVICE + services.size();
      if (services.size() >= SERVICES_MAX) {
        throw new IllegalStateException(
            "services: more than " + SERVICES_MAX + " (expected: fewer in local mode)");
      }
      services.put(service, number);
    }
    return namespaces ? "198.19." + octet + "." + number : address(instance, number);
  }

  private String workload(int instance) {
    return "198.18." + octet + "." + (instance + 1);
  }

  private String address(int instance, int number) {
    return "127." + octet + "." + instance + "." + number;
  }
}
