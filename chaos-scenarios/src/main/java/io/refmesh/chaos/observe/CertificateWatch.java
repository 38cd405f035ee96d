package io.refmesh.chaos.observe;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/** Which certificates each sidecar has shown, by serial. Thread-safe. */
final class CertificateWatch {

  private final Map<String, Set<String>> serials = new HashMap<>();

  synchronized void seen(String instance, String serial) {
    if (!serial.isEmpty()) {
      serials.computeIfAbsent(instance, i -> new HashSet<>()).add(serial);
    }
  }

  /** Forgets all: an act counts from its own start. */
  synchronized void reset() {
    serials.clear();
  }

  /**
   * {@code minSerials} over all instances, or {@code <workload or instance>.serials} for the least
   * of some.
   */
  synchronized OptionalDouble figure(String name) {
    if (name.equals("minSerials")) {
      return serials.values().stream().mapToDouble(Set::size).min();
    }
    if (!name.endsWith(".serials")) {
      return OptionalDouble.empty();
    }
    String wanted = name.substring(0, name.length() - ".serials".length());
    return serials.entrySet().stream()
        .filter(entry -> {
          String instance = entry.getKey().substring(entry.getKey().indexOf('/') + 1);
          return instance.equals(wanted) || instance.startsWith(wanted + "-");
        })
        .mapToDouble(entry -> entry.getValue().size())
        .min();
  }
}
