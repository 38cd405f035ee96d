package io.refmesh.control.registry;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a Service. Fields that only a cluster gives a meaning are allowed, so that the same YAML
 * works in both places.
 */
final class ServiceReader {

  private ServiceReader() {}

  static Service read(Metadata metadata, Origin origin, Fields spec) {
    spec.ignore(
        "allocateLoadBalancerNodePorts",
        "clusterIP",
        "clusterIPs",
        "externalIPs",
        "externalTrafficPolicy",
        "healthCheckNodePort",
        "internalTrafficPolicy",
        "ipFamilies",
        "ipFamilyPolicy",
        "loadBalancerClass",
        "loadBalancerIP",
        "loadBalancerSourceRanges",
        "publishNotReadyAddresses",
        "sessionAffinity",
        "sessionAffinityConfig",
        "trafficDistribution");
    spec.oneOf("type", "ClusterIP", "NodePort", "LoadBalancer");
    Map<String, String> selector = spec.textMap("selector");
    if (selector.isEmpty()) {
      spec.missing("selector", "labels of the workloads behind the service");
    }
    List<Service.Port> ports = new ArrayList<>();
    Set<Integer> numbers = new HashSet<>();
    Set<String> names = new HashSet<>();
    List<Fields> items = spec.objects("ports");
    if (items.isEmpty()) {
      spec.missing("ports", "at least one port");
    }
    for (Fields fields : items) {
      fields.ignore("nodePort");
      String name = fields.text("name").orElse("");
      int number = fields.requiredInteger("port", 1, 65_535);
      String protocol = fields.oneOf("protocol", "TCP", "UDP", "SCTP").orElse("TCP");
      if (name.isEmpty() && items.size() > 1) {
        fields.missing("name", "a name, because the service has several ports");
      }
      Service.Target target = target(fields, number);
      String appProtocol = fields.text("appProtocol").orElse("");
      // The mesh carries TCP; ports of other protocols pass it by.
      if (!protocol.equals("TCP")) {
        continue;
      }
      if (!numbers.add(number)) {
        fields.problem("port", number + " is given twice (expected: each port once)");
      }
      if (!name.isEmpty() && !names.add(name)) {
        fields.problem("name", "\"" + name + "\" is given twice (expected: each name once)");
      }
      ports.add(new Service.Port(name, number, target, appProtocol));
    }
    return new Service(metadata, origin, selector, ports, addresses(origin, spec));
  }

  // In a folder these are left over from the cluster that the file came from.
  private static List<String> addresses(Origin origin, Fields spec) {
    return origin.equals(Origin.NO_FILE)
        ? spec.texts("clusterIPs").stream()
            .flatMap(text -> IpAddresses.maybeCanonical(text).stream())
            .toList()
        : List.of();
  }

  private static Service.Target target(Fields fields, int port) {
    String word = fields.word("targetPort").orElse(Integer.toString(port));
    if (!word.isEmpty() && word.chars().allMatch(Character::isDigit)) {
      try {
        int number = Integer.parseInt(word);
        if (number >= 1 && number <= 65_535) {
          return new Service.Target.Number(number);
        }
      } catch (NumberFormatException e) {
        // Longer than any port: refused below.
      }
      fields.problem(
          "targetPort",
          word + " (expected: a port from 1 to 65535, or the name of a workload's port)");
    }
    return new Service.Target.Name(word);
  }
}
