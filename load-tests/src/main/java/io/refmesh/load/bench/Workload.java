package io.refmesh.load.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One kind of load, sent through a pair for some seconds. */
enum Workload {
  H1_C32("h1-c32", Protocol.H1, "wrk", "HTTP/1.1 GET, 512 B, 32 connections, closed loop"),
  H1_C256("h1-c256", Protocol.H1, "wrk", "HTTP/1.1 GET, 512 B, 256 connections, closed loop"),
  H1_1M("h1-1m", Protocol.H1, "wrk", "HTTP/1.1 GET, 1 MiB, 8 connections"),
  H1_RATE("h1-rate", Protocol.H1, "", "HTTP/1.1 GET, 512 B, open loop at a fixed rate"),
  H1_RATE_LOW("h1-rate-low", Protocol.H1, "", "the same at a tenth of that rate"),
  B_HS("b-hs", Protocol.H1, "", "full mutual TLS handshakes with B alone, one GET each"),
  H2("h2-10x10", Protocol.H2, "h2load", "HTTP/2 GET, 512 B, 10 connections × 10 streams"),
  H2_RATE("h2-rate", Protocol.H2, "oha", "HTTP/2 GET, 512 B, open loop at a fixed rate"),
  GRPC("grpc-10x10", Protocol.GRPC, "h2load", "gRPC unary, 64 B, 10 connections × 10 streams"),
  IDLE("idle-2000", Protocol.H1, "", "2,000 open connections that carry nothing, at either side"),
  LIFECYCLE("lifecycle", Protocol.H1, "wrk", "start, memory idle and with connections");

  /** At a low rate a measurement takes longer: a 99th percentile needs requests. */
  private static final int LOW_RATE_LONGER = 3;

  private static final int LOW_RATE_DIVISOR = 10;

  /** What clients speak. */
  enum Protocol {
    H1,
    H2,
    GRPC;

    String text() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** What the generators need to know of the run. */
  record Setting(int rate, Path unary, Path folder, Certificates certificates) {}

  private static final Pattern WRK = Pattern.compile("(\\d+) requests in ([\\d.]+)(ms|s|m),");
  private static final Pattern WRK_ERRORS =
      Pattern.compile("(?:connect|read|write|timeout) (\\d+)");
  private static final Pattern NOT_OK = Pattern.compile("Non-2xx or 3xx responses: (\\d+)");
  private static final Pattern LATENCY =
      Pattern.compile("(?m)^\\s+(50|99)%\\s+([\\d.]+)(us|ms|s|m)$");
  private static final Pattern H2LOAD =
      Pattern.compile("(\\d+) succeeded, (\\d+) failed, \\d+ errored, (\\d+) timeout");
  private static final Pattern OHA_PERCENTILE =
      Pattern.compile("\"(p50|p99)\"\\s*:\\s*([\\d.eE+-]+)");
  private static final Pattern OHA_TOTAL = Pattern.compile("\"total\"\\s*:\\s*([\\d.eE+-]+)");
  private static final Pattern OHA_OK = Pattern.compile("\"(\\d\\d\\d)\"\\s*:\\s*(\\d+)");

  private final String text;
  private final Protocol protocol;
  private final String tool;
  private final String sentence;

  Workload(String text, Protocol protocol, String tool, String sentence) {
    this.text = text;
    this.protocol = protocol;
    this.tool = tool;
    this.sentence = sentence;
  }

  String text() {
    return text;
  }

  /** Whether each measurement has a pair of its own, started for it. */
  boolean startsAfresh() {
    return this == IDLE || this == LIFECYCLE;
  }

  Protocol protocol() {
    return protocol;
  }

  /** The program it takes; empty when this one sends by itself. */
  String tool() {
    return tool;
  }

  String sentence() {
    return sentence;
  }

  Load send(Pair pair, int seconds, Setting setting) throws IOException {
    return switch (this) {
      case H1_C32, LIFECYCLE, IDLE -> wrk(pair, 32, "/small", seconds, setting);
      case H1_C256 -> wrk(pair, 256, "/small", seconds, setting);
      case H1_1M -> wrk(pair, 8, "/1m", seconds, setting);
      case H1_RATE -> OpenLoop.run(pair.portA(), setting.rate(), seconds);
      case H1_RATE_LOW ->
          OpenLoop.run(pair.portA(), setting.rate() / LOW_RATE_DIVISOR, LOW_RATE_LONGER * seconds);
      case B_HS -> Handshakes.run(pair.portB(), seconds, setting.certificates());
      case H2 -> h2load(pair, "/small", seconds, setting);
      case GRPC -> h2load(pair, Backend.GRPC_PATH, seconds, setting);
      case H2_RATE -> oha(pair, seconds, setting);
    };
  }

  static Load wrk(Pair pair, int connections, String path, int seconds, Setting setting)
      throws IOException {
    String out =
        run(
            seconds,
            setting,
            "wrk",
            "-t1",
            "-c" + connections,
            "-d" + seconds + "s",
            "--timeout",
            "5s",
            "--latency",
            url(pair, path));
    Matcher wrk = found(WRK, out);
    long errors = NOT_OK.matcher(out).results().mapToLong(m -> Long.parseLong(m.group(1))).sum();
    int at = out.indexOf("Socket errors:");
    if (at >= 0) {
      String line = out.substring(at, out.indexOf('\n', at));
      errors += WRK_ERRORS.matcher(line).results().mapToLong(m -> Long.parseLong(m.group(1))).sum();
    }
    Map<String, Double> more = new LinkedHashMap<>();
    LATENCY
        .matcher(out)
        .results()
        .forEach(m -> more.put("p" + m.group(1) + "_ms", millis(m.group(2), m.group(3))));
    return new Load(
        Long.parseLong(wrk.group(1)), millis(wrk.group(2), wrk.group(3)) / 1e3, errors, more);
  }

  private static Load h2load(Pair pair, String path, int seconds, Setting setting)
      throws IOException {
    List<String> command =
        new ArrayList<>(List.of("h2load", "-t1", "-c10", "-m10", "-D", Integer.toString(seconds)));
    if (path.equals(Backend.GRPC_PATH)) {
      command.addAll(
          List.of(
              "-d",
              setting.unary().toString(),
              "-H",
              "content-type: application/grpc",
              "-H",
              "te: trailers"));
    }
    command.add(url(pair, path));
    Matcher h2load = found(H2LOAD, run(seconds, setting, command.toArray(String[]::new)));
    return new Load(
        Long.parseLong(h2load.group(1)),
        seconds,
        Long.parseLong(h2load.group(2)) + Long.parseLong(h2load.group(3)),
        Map.of());
  }

  private static Load oha(Pair pair, int seconds, Setting setting) throws IOException {
    String out =
        run(
            seconds,
            setting,
            "oha",
            "--no-tui",
            "--output-format",
            "json",
            "--latency-correction",
            "-q",
            Integer.toString(setting.rate()),
            "-c",
            "10",
            "--http2",
            "-p",
            "10",
            "-z",
            seconds + "s",
            url(pair, "/small"));
    long good = 0;
    long bad = 0;
    int from = out.indexOf("\"statusCodeDistribution\"");
    Matcher status = OHA_OK.matcher(out.substring(from, out.indexOf('}', from)));
    while (status.find()) {
      if (status.group(1).startsWith("2")) {
        good += Long.parseLong(status.group(2));
      } else {
        bad += Long.parseLong(status.group(2));
      }
    }
    Map<String, Double> more = new LinkedHashMap<>();
    OHA_PERCENTILE
        .matcher(out.substring(out.indexOf("\"latencyPercentiles\"")))
        .results()
        .forEach(m -> more.putIfAbsent(m.group(1) + "_ms", Double.parseDouble(m.group(2)) * 1e3));
    return new Load(good, Double.parseDouble(found(OHA_TOTAL, out).group(1)), bad, more);
  }

  private static String run(int seconds, Setting setting, String... command) throws IOException {
    List<String> all = new ArrayList<>(List.of(command));
    all.set(0, Tools.require(command[0]).toString());
    return Tools.run(Duration.ofSeconds(seconds + 30L), setting.folder(), all);
  }

  private static String url(Pair pair, String path) {
    return "http://127.0.0.1:" + pair.portA() + path;
  }

  private static Matcher found(Pattern pattern, String text) throws IOException {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new IOException("the load generator's output was not understood: " + text.strip());
    }
    return matcher;
  }

  private static double millis(String number, String unit) {
    double value = Double.parseDouble(number);
    return switch (unit) {
      case "us" -> value / 1e3;
      case "s" -> value * 1e3;
      case "m" -> value * 60e3;
      default -> value;
    };
  }
}
