package io.refmesh.chaos.kubernetes;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the pod of the harness is told by its environment.
 *
 * @param name of the environment, for reports
 * @param versions of what the cluster consists of
 * @param image of the harness itself, from which helpers run, too
 * @param shopImage of the applications
 * @param address of the harness, which sidecars must reach
 */
public record ClusterSettings(
    String name,
    Map<String, String> versions,
    String image,
    String shopImage,
    String toxiproxyImage,
    InetAddress address) {

  private static final String PREFIX = "REFMESH_E2E_";

  public ClusterSettings {
    versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
  }

  /** Reads them; throws naming setting, value and what was expected. */
  public static ClusterSettings of(Map<String, String> environment) throws IOException {
    String version = environment.getOrDefault(PREFIX + "VERSION", "0.1.0");
    return new ClusterSettings(
        environment.getOrDefault(PREFIX + "ENVIRONMENT", "kubernetes"),
        versions(environment.getOrDefault(PREFIX + "VERSIONS", "")),
        environment.getOrDefault(PREFIX + "IMAGE", "refmesh/e2e:" + version),
        environment.getOrDefault(PREFIX + "SHOP_IMAGE", "refmesh/demo-shop:" + version),
        environment.getOrDefault(PREFIX + "TOXIPROXY_IMAGE", "ghcr.io/shopify/toxiproxy:2.12.0"),
        address(environment.getOrDefault(PREFIX + "ADDRESS", "")));
  }

  private static Map<String, String> versions(String text) throws IOException {
    Map<String, String> versions = new LinkedHashMap<>();
    for (String pair : text.split(",", -1)) {
      if (!pair.isBlank()) {
        int equals = pair.indexOf('=');
        if (equals <= 0) {
          throw new IOException(
              PREFIX + "VERSIONS: " + text + " (expected: name=version, comma between)");
        }
        versions.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
      }
    }
    return versions;
  }

  private static InetAddress address(String text) throws IOException {
    if (!text.isEmpty()) {
      try {
        return InetAddress.ofLiteral(text);
      } catch (IllegalArgumentException e) {
        throw new IOException(
            PREFIX + "ADDRESS: " + text + " (expected: an IP address of this pod)", e);
      }
    }
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
        .findFirst()
        .orElseThrow(() ->
            new IOException(
                PREFIX + "ADDRESS: missing (expected: the address of this pod, which has none)"));
  }
}
