package io.refmesh.control.registry;

import io.refmesh.control.registry.EgressPolicy.Entry;
import io.refmesh.model.policy.Authorization.Network;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reads an EgressPolicy. */
final class EgressPolicyReader {

  private EgressPolicyReader() {}

  static EgressPolicy read(Metadata metadata, Origin origin, Fields spec) {
    // Naming the own namespace says what leaving targetRefs out says.
    TargetRefs.read(metadata, spec, TargetRef.Kind.NAMESPACE);
    Optional<Boolean> allowed = spec.oneOf("default", "Allow", "Deny").map("Allow"::equals);
    Optional<List<Entry>> entries = Optional.empty();
    if (spec.has("allow")) {
      List<Entry> listed = new ArrayList<>();
      for (Fields entry : spec.objects("allow")) {
        listed.add(entry(entry));
      }
      entries = Optional.of(listed);
    }
    if (!spec.has("default") && !spec.has("allow")) {
      spec.problem("says nothing (expected: default: Allow or Deny, allow: [...], or both)");
    }
    return new EgressPolicy(metadata, origin, allowed, entries);
  }

  private static Entry entry(Fields fields) {
    List<String> hosts =
        fields.parsedList("hosts", fields.texts("hosts"), EgressPolicyReader::host);
    List<Integer> ports = fields.integers("ports", 1, 65_535);
    List<Network> networks = AuthorizationPolicyReader.networks(fields);
    if (hosts.isEmpty() && ports.isEmpty() && networks.isEmpty()) {
      // An empty part matches everything further on: `hosts: []` must not open the door.
      fields.problem("names nothing (expected: at least one host, port or network)");
    }
    return new Entry(hosts, ports, networks);
  }

  private static String host(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (!lower.matches("(\\*\\.)?[a-z0-9_-]+(\\.[a-z0-9_-]+)*")
        || lower.matches("[0-9.]+")
        || lower.length() > 253) {
      throw new IllegalArgumentException(
          "\""
              + Words.shortened(text)
              + "\" (expected: a name such as api.example.com, or *.example.org for every name"
              + " below it; addresses are networks)");
    }
    return lower;
  }
}
