package io.refmesh.proxy.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.testkit.Golden;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Arguments in, rules and exit codes out, without a kernel. */
class CaptureMainTest {

  private final ScriptedPrograms programs = new ScriptedPrograms();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @ParameterizedTest
  @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
  void printsTheRulesAndChangesNothing(String backend) {
    assertThat(run("--print", "--ipv6", "--backend", backend)).isZero();
    Golden.assertMatches(golden(backend), out());
    assertThat(programs.ran).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
  void printsSkippedPortsWithoutIpv6(String backend) {
    assertThat(
            run(
                "--print",
                "--no-ipv6",
                "--backend=" + backend,
                "--proxy-uid=7",
                "--inbound-port=5143",
                "--outbound-port=5140",
                "--skip-inbound-ports=4567,4568,7000-7100",
                "--skip-outbound-ports",
                "3306"))
        .isZero();
    Golden.assertMatches(golden(backend + "-skipped"), out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
  void fortySkippedPortsAreSplitIntoRulesOfAtMostFifteen(String backend) {
    String ports =
        String.join(
            ",",
            IntStream.range(0, 40)
                .mapToObj(
                    i -> i % 4 == 0 ? 6000 + 10 * i + "-" + (6003 + 10 * i) : "" + (6000 + 10 * i))
                .toList());
    assertThat(run("--print", "--backend", backend, "--skip-outbound-ports", ports)).isZero();
    List<String> rules =
        out().lines().filter(line -> line.contains("dport") && line.contains("60")).toList();
    assertThat(rules).isNotEmpty();
    int expected = 0;
    for (String rule : rules) {
      String list = rule.replaceAll(".*dports? (\\{ )?([0-9,:\\- ]+)( }.*| -m.*| return)$", "$2");
      List<String> listed = List.of(list.strip().split(", ?", -1));
      assertThat(listed.stream().mapToInt(p -> p.matches(".*[-:].*") ? 2 : 1).sum())
          .as(rule)
          .isLessThanOrEqualTo(15);
    }
    for (int i = 0; i < 40; i++) {
      String port = Integer.toString(6000 + 10 * i);
      if (rules.stream()
          .anyMatch(rule -> Pattern.compile("\\b" + port + "\\b").matcher(rule).find())) {
        expected++;
      }
    }
    assertThat(expected).isEqualTo(40);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --backend=ebpf              | --backend: ebpf (expected: auto, nft, iptables-nft or iptables-legacy)
          --proxy-uid=0               | --proxy-uid: 0 (expected: a user id other than 0)
          --inbound-port=70000        | --inbound-port: 70000 (expected: 1 to 65535)
          --inbound-port=4140         | --outbound-port: 4140 (expected: another one than --inbound-port)
          --skip-inbound-ports=80,web | --skip-inbound-ports: web (expected: ports from 1 to 65535
          --skip-outbound-ports       | --skip-outbound-ports: no value (expected: one)
          --fast                      | --fast: unknown (expected: an option
          """)
  void endsWith64AndNamesOptionValueAndWhatWasExpected(String argument, String message) {
    assertThat(run(argument)).isEqualTo(64);
    assertThat(err()).contains(message);
    assertThat(programs.ran).isEmpty();
  }

  @Test
  void endsWith1AndSaysWhatCouldBeUsedWhenTheToolIsMissing() {
    programs.installed = List.of("nft");
    assertThat(run("--backend", "iptables-legacy")).isEqualTo(1);
    assertThat(err()).contains("iptables-legacy is not installed (expected: one of [nft])");
  }

  @Test
  void endsWith1AndTheToolsWordsWhenTheRulesAreRefused() {
    programs.installed = List.of("nft");
    programs.answers = Map.of("nft -f -", new Programs.Said(1, "", "Operation not permitted"));
    assertThat(run("--no-check")).isEqualTo(1);
    assertThat(err()).contains("nft refused the rules: Operation not permitted");
  }

  @Test
  void helpSaysEveryExitCode() {
    assertThat(run("--help")).isZero();
    assertThat(out()).contains("0 done", "1 the rules", "64 bad arguments", "95 connections");
  }

  private int run(String... arguments) {
    return new CaptureMain(
            programs,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8))
        .run(arguments);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static Path golden(String name) {
    return Path.of("src/test/resources/capture", name + ".txt");
  }

  /**
   * Programs that do nothing but say what the test wants; without a word of it, that all is bad.
   */
  private static final class ScriptedPrograms implements Programs {

    private List<String> installed = List.of();
    private Map<String, Said> answers = Map.of();
    private final List<String> ran = new ArrayList<>();

    @Override
    public boolean has(String name) {
      return installed.contains(name);
    }

    @Override
    public Said run(List<String> command, String input) {
      ran.add(String.join(" ", command));
      return answers.getOrDefault(String.join(" ", command), new Said(1, "", "no such table"));
    }
  }
}
