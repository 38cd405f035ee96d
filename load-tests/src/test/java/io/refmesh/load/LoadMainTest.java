package io.refmesh.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whole runs in a JVM of their own, as users start them. */
class LoadMainTest {

  @TempDir Path folder;

  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endWhatIsLeft() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  @Timeout(30)
  void carriesOutAPlanAndRecordsEveryRequest() throws Exception {
    try (ScriptedServer server = new ScriptedServer();
        H2cServer h2c = new H2cServer()) {
      Path plan = folder.resolve("plan.json");
      Files.writeString(
          plan,
          """
          {"seed": 3, "streams": [
            {"id": "mixed", "url": "http://catalog.shop:%1$d",
             "paths": ["/", "/503", "/reset", "/short", "/hang"],
             "ratePerSecond": 100, "durationMillis": 2000, "requestTimeoutMillis": 1000, "idPrefix": "m"},
            {"id": "post", "url": "http://catalog.shop:%1$d", "method": "POST", "path": "/",
             "bodyBytes": 2000, "ratePerSecond": 10, "startAfterMillis": 500, "durationMillis": 1000},
            {"id": "two", "url": "http://catalog.shop:%2$d", "path": "/", "protocol": "h2c",
             "ratePerSecond": 20, "durationMillis": 2000}]}
          """
              .formatted(server.port(), h2c.port()));
      Files.writeString(folder.resolve("hosts"), "127.0.0.1 catalog.shop\n");
      Path out = folder.resolve("out");

      Process load = start("-Djdk.net.hosts.file=" + folder.resolve("hosts"), plan, out);
      String output = new String(load.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(load.waitFor()).as(output).isZero();

      List<String[]> lines = lines(out);
      Map<String, Long> outcomes =
          lines.stream()
              .collect(
                  Collectors.groupingBy(line -> line[0] + " " + line[5], Collectors.counting()));
      assertThat(outcomes)
          .isEqualTo(
              Map.of(
                  "mixed ok",
                  40L,
                  "mixed http",
                  40L,
                  "mixed reset",
                  40L,
                  "mixed truncated",
                  40L,
                  "mixed timeout",
                  40L,
                  "post ok",
                  10L,
                  "two ok",
                  40L));
      Set<String> ids =
          lines.stream().map(line -> line[1]).collect(Collectors.toCollection(HashSet::new));
      assertThat(ids).hasSize(250).contains("m-0", "m-199", "post-9", "two-39");

      long startMicros = Long.parseLong(Files.readString(out.resolve("started")).strip()) * 1000;
      assertThat(output)
          .contains("load started epochMillis=" + startMicros / 1000 + System.lineSeparator());
      for (String[] line : lines) {
        long sinceStart = Long.parseLong(line[2]) - startMicros;
        long number = Long.parseLong(line[1].substring(line[1].indexOf('-') + 1));
        long intended =
            switch (line[0]) {
              case "mixed" -> number * 10_000;
              case "post" -> 500_000 + number * 100_000;
              default -> number * 50_000;
            };
        assertThat(sinceStart).isBetween(intended - 100_000, intended + 2_000);
        assertThat(Long.parseLong(line[3])).isGreaterThanOrEqualTo(Long.parseLong(line[2]));
        if (line[5].equals("timeout")) {
          assertThat(Long.parseLong(line[4]) - Long.parseLong(line[3]))
              .isBetween(999_000L, 3_000_000L);
        }
      }

      JsonNode summary =
          JsonMapper.shared().readTree(Files.readString(out.resolve("summary.json")));
      assertThat(summary.get("planned").asInt()).isEqualTo(250);
      assertThat(summary.get("started").asInt()).isEqualTo(250);
      assertThat(summary.get("recorded").asInt()).isEqualTo(250);
      assertThat(summary.get("stoppedEarly").asBoolean()).isFalse();
      assertThat(summary.get("streams").get(0).get("outcomes").get("truncated").asInt())
          .isEqualTo(40);
      try (var logs =
          Files.find(
              out.resolve("gatling"), 3, (path, attributes) -> path.endsWith("simulation.log"))) {
        assertThat(logs).hasSize(1);
      }
    }
  }

  @Test
  @Timeout(30)
  void endsQuicklyAndCompletelyWhenTerminated() throws Exception {
    try (ScriptedServer server = new ScriptedServer()) {
      Path plan = folder.resolve("plan.json");
      Files.writeString(
          plan,
          """
          {"streams": [{"id": "hang", "url": "http://127.0.0.1:%d", "paths": ["/", "/hang"],
            "ratePerSecond": 50, "durationMillis": 600000}]}
          """
              .formatted(server.port()));
      Path out = folder.resolve("out");
      Process load = start("-Dnothing=true", plan, out);
      while (server.requests().size() < 10) {
        Thread.sleep(20);
      }
      load.destroy();

      // Two and a half seconds are for what is under way; the rest is for a busy machine.
      assertThat(load.waitFor(15, TimeUnit.SECONDS)).isTrue();
      assertThat(load.exitValue()).isEqualTo(143);
      JsonNode summary =
          JsonMapper.shared().readTree(Files.readString(out.resolve("summary.json")));
      assertThat(summary.get("stoppedEarly").asBoolean()).isTrue();
      assertThat(summary.get("recorded").asInt())
          .isEqualTo(summary.get("started").asInt())
          .isGreaterThanOrEqualTo(10);
      assertThat(lines(out)).anySatisfy(line -> assertThat(line).contains("error", "stopped"));
    }
  }

  @Test
  void refusesABadPlanAndSaysWhere() throws Exception {
    Path plan = folder.resolve("plan.json");
    Files.writeString(plan, "{\"streams\": [], \"sead\": 1}");
    ByteArrayOutputStream err = new ByteArrayOutputStream();

    assertThat(run(err, plan.toString(), folder.resolve("out").toString())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("load: " + plan + ":1:25: sead: 1 (expected: one of the fields");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void refusesAFolderThatHoldsARunAndWrongArguments() throws Exception {
    Path plan = folder.resolve("plan.json");
    Files.writeString(
        plan,
        "{\"streams\": [{\"id\": \"a\", \"url\": \"http://a\", \"path\": \"/\", \"ratePerSecond\": 1, \"durationMillis\": 1000}]}");
    Files.writeString(folder.resolve("requests.tsv"), "earlier");
    ByteArrayOutputStream err = new ByteArrayOutputStream();

    assertThat(run(err, plan.toString(), folder.toString())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("requests.tsv is there already");
    assertThat(Files.readString(folder.resolve("requests.tsv"))).isEqualTo("earlier");
    assertThat(run(err, plan.toString())).isEqualTo(2);
  }

  private static int run(ByteArrayOutputStream err, String... arguments) {
    return LoadMain.run(arguments, System.out, new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private Process start(String option, Path plan, Path out) throws Exception {
    Process load =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--enable-native-access=ALL-UNNAMED",
                option,
                "-cp",
                System.getProperty("java.class.path"),
                LoadMain.class.getName(),
                plan.toString(),
                out.toString())
            .redirectErrorStream(true)
            .start();
    started.add(load);
    return load;
  }

  private static List<String[]> lines(Path out) throws Exception {
    List<String> lines = Files.readAllLines(out.resolve("requests.tsv"));
    assertThat(lines.getFirst() + "\n").isEqualTo(RequestRecord.HEADING);
    return lines.stream().skip(1).map(line -> line.split("\t", -1)).toList();
  }
}
