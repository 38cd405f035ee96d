package io.refmesh.load.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.ObjectMapper;

/**
 * {@code make bench}: pairs of sidecars of every proxy that is installed, in one run. Writes {@code
 * results.json} and {@code index.html}, prints the table of musts and ends with {@code N passed, N
 * failed}. Exit status 1 when a must is not met or was not measured, 3 when it cannot run.
 *
 * <h2>Order</h2>
 *
 * For each group of workloads all pairs are started and stay. Before a workload is measured each
 * pair is warmed up by it; then round by round each is measured alone, every round beginning with
 * another and every other round backwards. {@code haproxy@2} is a second copy of the reference:
 * what it differs by is noise.
 *
 * <p>A JVM compiles what it runs for a while. What a sidecar costs for hours is measured once
 * {@link #SETTLED} windows in a row cost the same within {@link #TOLERATED}; what it costs until
 * then is kept beside it.
 */
public final class BenchMain {

  private static final List<String> PEERS =
      List.of("direct", "haproxy", "haproxy@2", "nginx", "envoy", "refmesh");
  private static final int FIRST_PORT = 18_200;
  private static final int WARM_UP_SECONDS = 2;
  private static final int WINDOW_SECONDS = 5;
  private static final int WINDOWS_MOST = 10;
  private static final int SETTLED = 3;
  private static final double TOLERATED = 0.05;
  private static final int[] CONNECTIONS = {256, 2_000};
  private static final int IDLE_CONNECTIONS = 2_000;

  /** Compilers and collectors have ended by then what a start or many handshakes left them. */
  private static final long SETTLE_MILLIS = 5_000;

  private final BenchOptions options;
  private final PrintStream out;
  private final Pair.Place place;
  private final Workload.Setting setting;
  private final List<Measured> all = new ArrayList<>();
  private final List<WarmUp> warmUps = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private BenchMain(
      BenchOptions options, PrintStream out, Pair.Place place, Workload.Setting setting) {
    this.options = options;
    this.out = out;
    this.place = place;
    this.setting = setting;
  }

  /**
   * Arguments: {@code --home DIR [--rounds N] [--seconds N] [--workloads A,B] [--peers A,B] [--rate
   * N]}.
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BenchOptions options;
    try {
      options = BenchOptions.of(arguments, PEERS);
      Tools.require("nginx");
      Tools.require("openssl");
      Tools.require("wrk");
    } catch (IllegalArgumentException | IOException e) {
      System.err.println("bench: " + e.getMessage());
      System.exit(3);
      return;
    }
    Path folder = options.home().resolve("out/bench/latest");
    Path work = Files.createTempDirectory("refmesh-bench");
    int status = 1;
    try {
      Files.createDirectories(folder);
      Certificates certificates = Certificates.make(work.resolve("certs"));
      Backend backend = Backend.start(work.resolve("backend"), FIRST_PORT - 2, FIRST_PORT - 1);
      try {
        BenchMain bench =
            new BenchMain(
                options,
                out,
                new Pair.Place(
                    options.home().resolve("load-tests/bench"), work, certificates, backend),
                new Workload.Setting(
                    options.rate(), work.resolve("backend/files/unary"), work, certificates));
        bench.run();
        status = bench.finish(folder);
      } finally {
        backend.process().stop();
      }
    } finally {
      keepLogs(work, folder.resolve("logs"));
    }
    System.exit(status);
  }

  private void run() throws InterruptedException {
    List<String> peers = new ArrayList<>(options.peers());
    peers.removeIf(peer -> missing(peer.replaceFirst("[-@].*", "")));
    for (Workload.Protocol protocol : Workload.Protocol.values()) {
      List<Workload> workloads =
          options.workloads().stream()
              .filter(w -> w.protocol() == protocol && !w.startsAfresh())
              .filter(w -> w.tool().isEmpty() || !missing(w.tool()))
              .toList();
      if (!workloads.isEmpty()) {
        group(protocol, workloads, peers);
      }
    }
    for (Workload workload : List.of(Workload.LIFECYCLE, Workload.IDLE)) {
      if (options.workloads().contains(workload)) {
        for (int round = 0; round < options.rounds(); round++) {
          for (String peer : turn(peers, round)) {
            if (!peer.equals("direct") && !peer.contains("@")) {
              afresh(workload, peer, round);
            }
          }
        }
      }
    }
  }

  private boolean missing(String program) {
    boolean missing =
        !program.equals("direct") && !program.equals("refmesh") && Tools.find(program).isEmpty();
    String note =
        program + " is not installed and left out; to get it: " + Tools.HOW_TO_GET.get(program);
    if (missing && !notes.contains(note)) {
      notes.add(note);
      out.println(note);
    }
    return missing;
  }

  private void group(Workload.Protocol protocol, List<Workload> workloads, List<String> peers)
      throws InterruptedException {
    List<Pair> pairs = new ArrayList<>();
    try {
      for (String peer : peers) {
        start(peer, protocol).ifPresent(pairs::add);
      }
      for (Workload workload : workloads) {
        for (Pair pair : pairs) {
          warmUp(pair, workload);
        }
        for (int round = 0; round < options.rounds(); round++) {
          for (Pair pair : turn(pairs, round)) {
            if (workload != Workload.B_HS || !pair.sides().isEmpty()) {
              measure(pair, workload, round);
            }
          }
        }
      }
    } finally {
      pairs.forEach(Pair::stop);
    }
  }

  private Optional<Pair> start(String peer, Workload.Protocol protocol)
      throws InterruptedException {
    if (peer.equals("direct")) {
      return Optional.of(Pair.direct(place.backend(), protocol));
    }
    try {
      return Pair.start(place, peer, FIRST_PORT + 2 * options.peers().indexOf(peer), protocol);
    } catch (IOException e) {
      notes.add(String.valueOf(e.getMessage()));
      out.println(e.getMessage());
      return Optional.empty();
    }
  }

  private void warmUp(Pair pair, Workload workload) {
    if (workload == Workload.B_HS && pair.sides().isEmpty()) {
      return;
    }
    try {
      if (!pair.peer().startsWith("refmesh")) {
        workload.send(pair, WARM_UP_SECONDS, setting);
        return;
      }
      List<Double> windows = new ArrayList<>();
      while (windows.size() < WINDOWS_MOST && !settled(windows)) {
        double[] before = pair.cpuMicros();
        Load load = workload.send(pair, WINDOW_SECONDS, setting);
        windows.add(perRequest(before, pair.cpuMicros(), load));
      }
      WarmUp warmUp = new WarmUp(workload.text(), pair.peer(), WINDOW_SECONDS, windows);
      warmUps.add(warmUp);
      out.println(warmUp.text());
    } catch (IOException e) {
      notes.add(workload.text() + ", " + pair.peer() + ", warming up: " + e.getMessage());
    }
  }

  private static boolean settled(List<Double> windows) {
    if (windows.size() < SETTLED) {
      return false;
    }
    List<Double> last = windows.subList(windows.size() - SETTLED, windows.size());
    return Collections.max(last) <= Collections.min(last) * (1 + TOLERATED);
  }

  private static double perRequest(double[] before, double[] after, Load load) {
    double micros = 0;
    for (int i = 0; i < after.length; i++) {
      micros += after[i] - before[i];
    }
    return load.requests() == 0 ? 0 : micros / load.requests();
  }

  private void measure(Pair pair, Workload workload, int round) {
    try {
      workload.send(pair, 1, setting);
      double[] before = pair.cpuMicros();
      Load load = workload.send(pair, options.seconds(), setting);
      double[] after = pair.cpuMicros();
      if (load.requests() == 0) {
        throw new IOException("no request succeeded, " + load.errors() + " errors");
      }
      Map<String, Double> values = new LinkedHashMap<>();
      if (after.length == 2) {
        double a = (after[0] - before[0]) / load.requests();
        double b = (after[1] - before[1]) / load.requests();
        values.put("cpu_us", a + b);
        values.put("a_us", a);
        values.put("b_us", b);
      }
      values.put("rate", load.requests() / load.seconds());
      values.put("errors", (double) load.errors());
      values.putAll(load.more());
      keep(new Measured(workload.text(), pair.peer(), round, values));
    } catch (IOException e) {
      notes.add(workload.text() + ", " + pair.peer() + ": " + e.getMessage());
      out.println(notes.getLast());
    }
  }

  /** Starts a pair for one measurement. */
  private void afresh(Workload workload, String peer, int round) throws InterruptedException {
    Optional<Pair> started = start(peer, Workload.Protocol.H1);
    if (started.isEmpty()) {
      return;
    }
    Pair pair = started.get();
    try {
      Map<String, Double> values = new LinkedHashMap<>();
      if (workload == Workload.IDLE) {
        idle(pair, values);
      } else {
        lifecycle(pair, values);
      }
      keep(new Measured(workload.text(), peer, round, values));
    } catch (IOException e) {
      notes.add(workload.text() + ", " + peer + ": " + e.getMessage());
      out.println(notes.getLast());
    } finally {
      pair.stop();
    }
  }

  /** The time a start takes, then memory, cold as it is. */
  private void lifecycle(Pair pair, Map<String, Double> values) throws InterruptedException {
    values.put("start_ms", pair.startMillis());
    Thread.sleep(1_000);
    memory(pair, "idle", values);
    for (int connections : CONNECTIONS) {
      Thread load =
          new Thread(() -> {
            try {
              Workload.wrk(pair, connections, "/small", 5, setting);
            } catch (IOException e) {
              out.println(e.getMessage());
            }
          });
      load.start();
      Thread.sleep(4_500);
      memory(pair, Integer.toString(connections), values);
      load.join();
    }
  }

  /** What it costs that connections are there: memory, and time of a core while nothing is sent. */
  private void idle(Pair pair, Map<String, Double> values)
      throws IOException, InterruptedException {
    Thread.sleep(SETTLE_MILLIS);
    memory(pair, "before", values);
    try (IdleConnections connections =
        IdleConnections.open(pair, IDLE_CONNECTIONS, setting.certificates())) {
      Thread.sleep(SETTLE_MILLIS);
      double[] before = pair.cpuMicros();
      long begin = System.nanoTime();
      Thread.sleep(options.seconds() * 1_000L);
      double[] after = pair.cpuMicros();
      double micros = (System.nanoTime() - begin) / 1e3;
      for (int side = 0; side < after.length; side++) {
        values.merge("core_percent", (after[side] - before[side]) / micros * 100, Math::max);
      }
      memory(pair, "held", values);
      values.put("rss_a", pair.sides().getFirst().memory().rssMiB());
      values.put("rss_b", pair.sides().getLast().memory().rssMiB());
      values.put("closed", (double) (2 * IDLE_CONNECTIONS - connections.held()));
    }
  }

  private static void memory(Pair pair, String when, Map<String, Double> values) {
    for (Started side : pair.sides()) {
      Started.Memory memory = side.memory();
      values.merge("rss_" + when, memory.rssMiB(), Math::max);
      values.merge("pss_" + when, memory.pssMiB(), Math::max);
    }
  }

  private void keep(Measured measured) {
    all.add(measured);
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%-10s %-10s %d ",
                measured.workload(),
                measured.peer(),
                measured.round()));
    measured
        .values()
        .forEach((name, value) -> line.append(String.format(Locale.ROOT, " %s=%.4g", name, value)));
    out.println(line);
  }

  private int finish(Path folder) throws IOException {
    List<Musts.Verdict> verdicts = Musts.judge(all);
    Map<String, String> about = new LinkedHashMap<>();
    about.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    about.put("machine", Runtime.getRuntime().availableProcessors() + " CPUs");
    about.put("rounds", options.rounds() + " of " + options.seconds() + " s");
    about.put("rate", options.rate() + " requests/s where it is fixed, h1-rate-low a tenth of it");
    about.put(
        "noise",
        "CPU of haproxy@2 to haproxy, h1-c32: "
            + Musts.compared(all, "h1-c32", "cpu_us", "haproxy@2", "haproxy").stream()
                .map(ratio -> String.format(Locale.ROOT, "%.2f", ratio))
                .toList());
    notes.forEach(note -> about.put("note " + (about.size() - 4), note));
    out.println();
    int met = 0;
    int failed = 0;
    for (Musts.Verdict verdict : verdicts) {
      boolean measured = verdict.figure().isPresent();
      met += verdict.met() ? 1 : 0;
      failed += measured && !verdict.met() ? 1 : 0;
      out.println(
          String.format(
              Locale.ROOT,
              "%-42s must %-16s aim %-16s %8s  %s",
              verdict.sentence(),
              verdict.bound(),
              verdict.aim(),
              measured ? verdict.text() : "-",
              verdict.met()
                  ? verdict.hit() ? "met, aim too" : "met"
                  : measured ? "NOT MET" : "not measured"));
    }
    String last =
        met
            + " passed, "
            + failed
            + " failed"
            + (met + failed < verdicts.size()
                ? ", " + (verdicts.size() - met - failed) + " not run"
                : "");
    Map<String, Object> results = new LinkedHashMap<>();
    results.put("about", about);
    results.put("musts", verdicts.stream().map(BenchMain::json).toList());
    results.put("measured", all);
    results.put("warmUps", warmUps);
    Files.writeString(
        folder.resolve("results.json"),
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(results));
    Files.writeString(folder.resolve("index.html"), Page.html(about, all, warmUps, verdicts, last));
    out.println("\n" + folder.resolve("index.html"));
    out.println(last);
    return failed == 0 && met > 0 ? 0 : 1;
  }

  private static Map<String, Object> json(Musts.Verdict verdict) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("figure", verdict.sentence());
    json.put("must", verdict.bound());
    json.put("aim", verdict.aim());
    verdict.figure().ifPresent(figure -> json.put("is", figure));
    json.put("met", verdict.met());
    return json;
  }

  private static <T> List<T> turn(List<T> items, int round) {
    List<T> order = new ArrayList<>(items);
    if (!order.isEmpty()) {
      Collections.rotate(order, -(round % order.size()));
    }
    return round % 2 == 0 ? order : order.reversed();
  }

  private static void keepLogs(Path work, Path logs) throws IOException {
    Tools.run(
        Duration.ofSeconds(20),
        work,
        List.of(
            "sh",
            "-c",
            "rm -rf '%2$s'; mkdir -p '%2$s'; for f in '%1$s'/*/*.log '%1$s'/*/*.err '%1$s'/*/*.out; do [ -s \"$f\" ] && cp \"$f\" '%2$s/'$(basename $(dirname \"$f\"))-$(basename \"$f\"); done; rm -rf '%1$s'"
                .formatted(work, logs)));
  }
}
