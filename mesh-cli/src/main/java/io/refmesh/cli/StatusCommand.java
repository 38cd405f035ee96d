package io.refmesh.cli;

import io.refmesh.local.status.MeshStatus;
import io.refmesh.local.status.StatusReader;
import io.refmesh.local.status.Traffic;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code mesh status}: what is running, who it is and how it does, from the proxies' own metrics.
 */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Shows workloads, identities, certificates, endpoints and how requests fare.")
final class StatusCommand implements Callable<Integer> {

  /** The table's rates are taken over this long. */
  private static final Duration OVER = Duration.ofSeconds(1);

  @Mixin private final StateOption state = new StateOption();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table or json (default: ${DEFAULT-VALUE}).",
      defaultValue = "table")
  @SuppressWarnings("NullAway.Init")
  private Format format;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private enum Format {
    TABLE,
    JSON
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try (StatusReader reader = new StatusReader(state.directory())) {
      MeshStatus status = reader.read();
      switch (format) {
        case JSON ->
            out.println(
                JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(status));
        case TABLE -> table(status, reader.traffic(status, OVER), Clock.systemUTC().instant(), out);
      }
    }
    return ExitCode.PASSED;
  }

  static void table(MeshStatus status, Map<String, Traffic> traffic, Instant now, PrintWriter out) {
    out.println(
        "control plane  "
            + status.controlPlane().address()
            + "  trust domain "
            + status.controlPlane().trustDomain()
            + (status.controlPlane().pid() == 0 ? "  AWAY" : ""));
    out.println();
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "WORKLOAD",
            "READY",
            "IDENTITY",
            "CERTIFICATE",
            "SUCCESS",
            "RPS",
            "P50",
            "P99",
            "RESTARTS"));
    for (MeshStatus.Workload workload : status.workloads()) {
      String name = workload.namespace() + "/" + workload.name() + "-" + workload.replica();
      Traffic seen = traffic.getOrDefault(name, new Traffic(0, Double.NaN, Double.NaN, Double.NaN));
      rows.add(
          List.of(
              name,
              workload.ready() ? "yes" : "no",
              workload.identity(),
              left(workload.certificate().notAfter(), now),
              number(seen.successPercent(), "%.2f%%"),
              number(seen.requestsPerSecond(), "%.1f"),
              number(seen.p50Millis(), "%.0fms"),
              number(seen.p99Millis(), "%.0fms"),
              Integer.toString(workload.app().restarts())));
    }
    print(rows, out);
    List<MeshStatus.Workload> inNamespaces =
        status.workloads().stream().filter(workload -> !workload.netns().isEmpty()).toList();
    if (!inNamespaces.isEmpty()) {
      out.println();
      rows.clear();
      rows.add(List.of("WORKLOAD", "NETWORK NAMESPACE", "ADDRESS"));
      inNamespaces.forEach(workload ->
          rows.add(
              List.of(
                  workload.namespace() + "/" + workload.name() + "-" + workload.replica(),
                  workload.netns(),
                  workload.app().address())));
      print(rows, out);
    }
    out.println();
    rows.clear();
    rows.add(List.of("SERVICE", "PORTS", "ENDPOINTS"));
    for (MeshStatus.Service service : status.services()) {
      rows.add(
          List.of(
              service.namespace() + "/" + service.name(),
              String.join(",", service.ports().stream().map(String::valueOf).toList()),
              service.endpoints().isEmpty() ? "none" : String.join(" ", service.endpoints())));
    }
    print(rows, out);
    if (!status.ejections().isEmpty()) {
      out.println();
      rows.clear();
      rows.add(List.of("EJECTED", "OF", "BY", "REASON", "NEXT PROBE"));
      for (MeshStatus.Ejection ejection : status.ejections()) {
        rows.add(
            List.of(
                ejection.endpoint(),
                ejection.backend(),
                ejection.by(),
                ejection.reason(),
                nextProbe(ejection)));
      }
      print(rows, out);
    }
    for (MeshStatus.Problem problem : status.problems()) {
      out.println();
      out.println(
          "problem  "
              + problem.object()
              + (problem.field().isEmpty() ? "" : ": " + problem.field()));
      out.println("         " + problem.message());
    }
    out.flush();
  }

  private static String nextProbe(MeshStatus.Ejection ejection) {
    if (ejection.state().equals("probing")) {
      return "now";
    }
    return ejection.nextProbeMillis() > 0
        ? "in " + ejection.nextProbeMillis() + "ms"
        : "with the next request";
  }

  private static void print(List<List<String>> rows, PrintWriter out) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(row.get(i));
        if (i < columns - 1) {
          line.append(" ".repeat(widths[i] - row.get(i).length() + 2));
        }
      }
      out.println(line);
    }
  }

  private static String number(double value, String form) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, form, value);
  }

  /** How long a certificate is still valid, as people say it. */
  private static String left(String notAfter, Instant now) {
    try {
      Duration left = Duration.between(now, Instant.parse(notAfter));
      if (left.isNegative()) {
        return "EXPIRED";
      }
      return left.toHours() > 0
          ? left.toHours() + "h" + left.toMinutesPart() + "m left"
          : left.toMinutes() > 0
              ? left.toMinutes() + "m" + left.toSecondsPart() + "s left"
              : left.toSeconds() + "s left";
    } catch (DateTimeParseException e) {
      return "unknown";
    }
  }
}
