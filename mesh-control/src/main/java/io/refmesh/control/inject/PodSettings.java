package io.refmesh.control.inject;

import io.refmesh.control.registry.Annotations;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Quantities;
import io.refmesh.model.policy.InboundPolicy;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the annotations of a pod and its namespace say about its sidecar: those of the pod come
 * first, what neither says comes from the mesh.
 *
 * @param skipInbound port list as the init program reads it; empty for none
 * @param cpuRequest as Kubernetes writes quantities; empty for none
 */
record PodSettings(
    String profile,
    String accessLog,
    String logLevel,
    Duration drainTimeout,
    Optional<Duration> drainAnnounce,
    TreeSet<Integer> opaquePorts,
    String skipInbound,
    String skipOutbound,
    String cpuRequest,
    String cpuLimit,
    String memoryRequest,
    String memoryLimit) {

  private static final String CPU_REQUEST = "20m";

  /** What a sidecar needs, by launch profile: heap, direct memory and the JVM itself. */
  private static final Map<String, String> MEMORY_REQUEST =
      Map.of("standard", "128Mi", "small", "96Mi");

  private static final Map<String, String> MEMORY_LIMIT =
      Map.of("standard", "256Mi", "small", "192Mi");

  private static final Duration HOUR = Duration.ofHours(1);
  private static final Pattern PORTS = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");
  private static final Pattern CPU = Pattern.compile("(\\d{1,6}(?:\\.\\d{1,3})?)(m?)");
  private static final Pattern MEMORY = Pattern.compile("\\d{1,12}(Ki|Mi|Gi|k|M|G)?");

  /** Event loops of a sidecar that may use all CPUs of its node: more would only cost memory. */
  private static final int LOOPS_UNLIMITED = 2;

  private static final String CPU_EXPECTED = "CPUs such as 100m or 0.5";
  private static final String MEMORY_EXPECTED = "bytes such as 128Mi";

  /**
   * Reads all settings.
   *
   * @param problems where what cannot be used is added, a line each
   */
  static PodSettings read(
      Map<String, String> pod,
      Map<String, String> namespace,
      MeshConfig.Proxy mesh,
      List<String> problems) {
    Reader reader = new Reader(pod, namespace, problems);
    reader.text(
        Annotations.DEFAULT_INBOUND_POLICY,
        "all-unauthenticated",
        "all-unauthenticated, all-authenticated, cluster-authenticated, deny or audit",
        PodSettings::isPolicy);
    String profile =
        reader.text(
            Annotations.PROXY_PROFILE,
            mesh.profile(),
            "standard or small",
            MEMORY_LIMIT::containsKey);
    return new PodSettings(
        profile,
        reader.text(
            Annotations.ACCESS_LOG,
            mesh.accessLog(),
            "off, text or json",
            List.of("off", "text", "json")::contains),
        reader.text(
            Annotations.LOG_LEVEL,
            "info",
            "off, error, warn, info, debug or trace",
            List.of("off", "error", "warn", "info", "debug", "trace")::contains),
        reader.duration(Annotations.DRAIN_TIMEOUT).orElse(mesh.drainTimeout()),
        reader.duration(Annotations.DRAIN_ANNOUNCE),
        reader.opaque(),
        reader.ports(Annotations.SKIP_INBOUND_PORTS),
        reader.ports(Annotations.SKIP_OUTBOUND_PORTS),
        // A request or limit without the other must not clash with a default for the other.
        reader.text(
            Annotations.PROXY_CPU_REQUEST,
            reader.given(Annotations.PROXY_CPU_LIMIT).isPresent() ? "" : CPU_REQUEST,
            CPU_EXPECTED,
            CPU.asMatchPredicate()),
        reader.text(Annotations.PROXY_CPU_LIMIT, "", CPU_EXPECTED, CPU.asMatchPredicate()),
        reader.text(
            Annotations.PROXY_MEMORY_REQUEST,
            reader.given(Annotations.PROXY_MEMORY_LIMIT).isPresent()
                ? ""
                : MEMORY_REQUEST.getOrDefault(profile, ""),
            MEMORY_EXPECTED,
            MEMORY.asMatchPredicate()),
        reader.text(
            Annotations.PROXY_MEMORY_LIMIT,
            reader.given(Annotations.PROXY_MEMORY_REQUEST).isPresent()
                ? ""
                : MEMORY_LIMIT.getOrDefault(profile, ""),
            MEMORY_EXPECTED,
            MEMORY.asMatchPredicate()));
  }

  /** Event loops that the CPU limit has use for. */
  int eventLoops() {
    Matcher cpu = CPU.matcher(cpuLimit);
    if (!cpu.matches()) {
      return LOOPS_UNLIMITED;
    }
    BigDecimal cpus = new BigDecimal(cpu.group(1));
    if (!cpu.group(2).isEmpty()) {
      cpus = cpus.movePointLeft(3);
    }
    return Math.clamp(cpus.setScale(0, RoundingMode.CEILING).longValueExact(), 1, 256);
  }

  private static boolean isPolicy(String text) {
    try {
      InboundPolicy.Default.parse(text);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private record Reader(
      Map<String, String> pod, Map<String, String> namespace, List<String> problems) {

    String text(String name, String otherwise, String expected, Predicate<String> good) {
      Optional<String> given = given(name);
      if (given.isEmpty()) {
        return otherwise;
      }
      if (!good.test(given.get())) {
        refuse(name, given.get(), expected);
        return otherwise;
      }
      return given.get();
    }

    Optional<Duration> duration(String name) {
      Optional<String> given = given(name);
      Optional<Duration> read =
          given.flatMap(Quantities::duration).filter(time -> time.compareTo(HOUR) <= 0);
      if (given.isPresent() && read.isEmpty()) {
        refuse(name, given.get(), "a duration from 0s to 1h with its unit, such as 30s");
      }
      return read;
    }

    /** Ports and ranges, in order. */
    String ports(String name) {
      Optional<String> given = given(name);
      if (given.isEmpty() || given.get().isBlank()) {
        return "";
      }
      List<String> ports = new ArrayList<>();
      for (String part : given.get().split(",", -1)) {
        Matcher range = PORTS.matcher(part.strip());
        if (!range.matches()) {
          refuse(name, given.get(), "ports from 1 to 65535 and ranges, such as 25,8000-8010");
          return "";
        }
        int from = Integer.parseInt(range.group(1));
        int to = range.group(2) == null ? from : Integer.parseInt(range.group(2));
        if (from < 1 || to > 65_535 || to < from) {
          refuse(name, given.get(), "ports from 1 to 65535 and ranges, such as 25,8000-8010");
          return "";
        }
        ports.add(part.strip());
      }
      return String.join(",", ports);
    }

    TreeSet<Integer> opaque() {
      TreeSet<Integer> ports = new TreeSet<>();
      String text = given(Annotations.OPAQUE_PORTS).orElse("");
      if (text.isBlank()) {
        return ports;
      }
      for (String part : text.split(",", -1)) {
        String port = part.strip();
        if (!port.matches("\\d{1,5}")
            || Integer.parseInt(port) < 1
            || Integer.parseInt(port) > 65_535) {
          refuse(
              Annotations.OPAQUE_PORTS,
              text,
              "ports from 1 to 65535 with commas between, no ranges");
          return ports;
        }
        ports.add(Integer.valueOf(port));
      }
      return ports;
    }

    private Optional<String> given(String name) {
      return Optional.ofNullable(pod.getOrDefault(name, namespace.get(name)));
    }

    private void refuse(String name, String value, String expected) {
      problems.add(
          (pod.containsKey(name) ? "" : "of its Namespace: ")
              + "metadata.annotations["
              + name
              + "]: \""
              + value
              + "\" (expected: "
              + expected
              + ")");
    }
  }

  /** The annotations of a namespace that are fixed in a pod once its rules are written. */
  static Map<String, String> inherited(Map<String, String> pod, Map<String, String> namespace) {
    Map<String, String> inherited = new LinkedHashMap<>();
    for (String name : List.of(Annotations.SKIP_INBOUND_PORTS, Annotations.SKIP_OUTBOUND_PORTS)) {
      String value = namespace.get(name);
      if (value != null && !pod.containsKey(name)) {
        inherited.put(name, value);
      }
    }
    return inherited;
  }
}
