package io.refmesh.local.network;

import java.util.Map;
import java.util.TreeMap;

/**
 * The hosts file of one workload: its services' names in the forms that Kubernetes resolves. A JVM
 * reads it through {@code jdk.net.hosts.file} and then asks nobody else, so {@code localhost} is in
 * it too.
 */
public final class HostsFile {

  private HostsFile() {}

  /**
   * @param namespace of the workload: its services are known by their bare name as well
   * @param services {@code namespace/name} to address
   */
  public static String of(String namespace, String clusterDomain, Map<String, String> services) {
    StringBuilder text = new StringBuilder("127.0.0.1 localhost\n");
    new TreeMap<>(services)
        .forEach((service, address) -> {
          int slash = service.indexOf('/');
          String home = service.substring(0, slash);
          String name = service.substring(slash + 1);
          text.append(address);
          // The bare name of another namespace's service would hide one of the same name at home.
          if (home.equals(namespace) || !services.containsKey(namespace + "/" + name)) {
            text.append(' ').append(name);
          }
          String full = name + "." + home;
          text.append(' ').append(full);
          text.append(' ').append(full).append(".svc");
          text.append(' ').append(full).append(".svc.").append(clusterDomain).append('\n');
        });
    return text.toString();
  }
}
