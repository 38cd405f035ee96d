package io.refmesh.local.network;

import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/**
 * Addresses of one mesh inside its part of 127/8.
 *
 * <pre>
 * 127.n.0.1        the control plane
 * 127.n.x.1        sidecar of workload instance x: its inbound ports and its admin port
 * 127.n.x.2        the application of instance x
 * 127.n.x.10…250   what instance x calls: one address per service, the same last number in every instance
 * </pre>
 *
 * Under the lock of the mesh.
 */
public final class LocalNetwork {

  static final int INSTANCES_MAX = 250;
  static final int SERVICES_MAX = 240;
  private static final int FIRST_SERVICE = 10;

  private final int octet;
  private final BitSet instances = new BitSet();
  private final Map<String, Integer> services = new TreeMap<>();
  private int last;

  public LocalNetwork(int octet) {
    this.octet = octet;
  }

  public String controlPlane() {
    return "127." + octet + ".0.1";
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
    return address(instance, 1);
  }

  public String application(int instance) {
    return address(instance, 2);
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
    return address(instance, number);
  }

  private String address(int instance, int number) {
    return "127." + octet + "." + instance + "." + number;
  }
}
