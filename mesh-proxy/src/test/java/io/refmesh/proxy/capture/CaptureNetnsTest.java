package io.refmesh.proxy.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.refmesh.testkit.TestNetwork;
import io.refmesh.testkit.TestNetwork.Namespace;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The rules in a real kernel: who answers a connection, the sidecar's port or the one that was
 * called. Here the sidecar is a socket that says so.
 */
@Tag("netns")
class CaptureNetnsTest {

  private static final int APPLICATION_UID = 1000;
  private static final int PROXY_UID = 2102;

  private final TestNetwork network = TestNetwork.create();
  private final Namespace workload = network.namespace();
  private final Namespace other = network.namespace();
  private final List<ServerSocket> servers = new ArrayList<>();
  private String said = "";

  @AfterEach
  void close() throws IOException {
    for (ServerSocket server : servers) {
      server.close();
    }
    network.close();
  }

  @Acceptance({1, 6})
  @ParameterizedTest
  @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
  void connectionsGoThroughTheSidecarButItsOwnLoopbackAndSkippedPorts(String backend)
      throws Exception {
    installed(backend);
    says("outbound sidecar", workload, "127.0.0.1", 4140);
    says("outbound sidecar", workload, "::1", 4140);
    says("inbound sidecar", workload, "::", 4143);
    for (int port : new int[] {8080, 4190, 4191, 7000, 7050}) {
      says("application", workload, "::", port);
    }
    for (int port : new int[] {8080, 3306}) {
      says("other", other, "::", port);
    }

    assertThat(
            init(
                "--backend",
                backend,
                "--skip-inbound-ports",
                "7000-7100",
                "--skip-outbound-ports",
                "3306"))
        .as(said)
        .isZero();

    for (String address : List.of(other.ipv4(), other.ipv6())) {
      assertThat(answer(workload, APPLICATION_UID, address, 8080)).isEqualTo("outbound sidecar");
      assertThat(answer(workload, 0, address, 8080)).isEqualTo("outbound sidecar");
      assertThat(answer(workload, PROXY_UID, address, 8080)).isEqualTo("other");
      assertThat(answer(workload, APPLICATION_UID, address, 3306)).isEqualTo("other");
    }
    for (String address : List.of("127.0.0.1", "::1", workload.ipv4(), workload.ipv6())) {
      assertThat(answer(workload, APPLICATION_UID, address, 8080)).isEqualTo("application");
    }
    for (String address : List.of(workload.ipv4(), workload.ipv6())) {
      assertThat(answer(other, 0, address, 8080)).isEqualTo("inbound sidecar");
      assertThat(answer(other, 0, address, 9999)).isEqualTo("inbound sidecar");
      for (int port : new int[] {4190, 4191, 7000, 7050}) {
        assertThat(answer(other, 0, address, port)).as("port " + port).isEqualTo("application");
      }
    }
    assertThat(rules(backend).toLowerCase(java.util.Locale.ROOT)).doesNotContain("udp");
  }

  @Acceptance(2)
  @ParameterizedTest
  @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
  void aSecondRunEndsWellAndChangesNothing(String backend) throws Exception {
    installed(backend);
    String[] arguments = {
      "--backend", backend, "--skip-inbound-ports", "25,7000-7100", "--skip-outbound-ports", "3306"
    };
    assertThat(init(arguments)).as(said).isZero();
    assertThat(said).contains("rules written");
    String first = rules(backend);
    assertThat(init(arguments)).as(said).isZero();
    assertThat(said).contains("rules unchanged");
    assertThat(rules(backend)).isEqualTo(first);

    // Damage is mended, other settings take the place of the old.
    damage(backend);
    assertThat(rules(backend)).isNotEqualTo(first);
    assertThat(init(arguments)).as(said).isZero();
    assertThat(said).contains("rules replaced");
    assertThat(rules(backend)).isEqualTo(first);
    assertThat(init("--backend", backend)).as(said).isZero();
    assertThat(rules(backend)).doesNotContain("3306").contains("4140");
  }

  @Acceptance(3)
  @ParameterizedTest
  @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
  void fortyPortsAreAllSkipped(String backend) throws Exception {
    installed(backend);
    List<Integer> ports = IntStream.range(0, 40).mapToObj(i -> 6000 + 10 * i).toList();
    says("sidecar", workload, "127.0.0.1", 4140);
    for (int port : ports) {
      says("other", other, "::", port);
    }
    says("other", other, "::", 6001);
    String list =
        String.join(
            ",",
            ports.stream()
                .map(port -> port % 40 == 0 ? port - 3 + "-" + port : "" + port)
                .toList());
    assertThat(init("--backend", backend, "--skip-outbound-ports", list)).as(said).isZero();
    for (int port : ports) {
      assertThat(answer(workload, APPLICATION_UID, other.ipv4(), port))
          .as("port " + port)
          .isEqualTo("other");
    }
    assertThat(answer(workload, APPLICATION_UID, other.ipv4(), 6001)).isEqualTo("sidecar");
  }

  @Test
  void anotherToolsRulesOfOursAreTakenAway() throws Exception {
    installed("nft");
    installed("iptables-legacy");
    assertThat(init("--backend", "iptables-legacy")).as(said).isZero();
    assertThat(init("--backend", "nft")).as(said).isZero();
    assertThat(rules("iptables-legacy")).doesNotContain("REFMESH");
    assertThat(init("--remove")).isZero();
    assertThat(said).contains("rules removed: [nft]");
    assertThat(rules("nft")).doesNotContain("refmesh");
  }

  @Acceptance(7)
  @Test
  void theCheckEndsWith95WithinTenSecondsWhenTheRulesAreMissing() throws Exception {
    long began = System.nanoTime();
    assertThat(init("--check")).isEqualTo(95);
    assertThat(System.nanoTime() - began).isLessThan(10_000_000_000L);
    assertThat(said).contains("connections are not captured: a connection to 192.0.2.1");
    // The same check passes when the rules are there, and fails again without those of one family.
    assertThat(init()).as(said).isZero();
    assertThat(init("--check")).as(said).isZero();
    assertThat(said).contains("captured: IPv4, IPv6");
    assertThat(init("--no-ipv6", "--no-check")).isZero();
    assertThat(init("--check", "--ipv6")).isEqualTo(95);
    assertThat(said).contains("2001:db8::1");
  }

  private void installed(String backend) {
    String program = backend.equals("nft") ? "nft" : backend + "-restore";
    TestNetwork.require(program, backend.equals("nft") ? "nftables" : "iptables");
    assumeTrue(
        !workload
            .run(
                backend.equals("nft")
                    ? new String[] {"nft", "list", "tables"}
                    : new String[] {backend, "-t", "nat", "-S"})
            .output()
            .contains("Table does not exist"),
        backend + ": this kernel has no such table");
  }

  private int init(String... arguments) throws Exception {
    ByteArrayOutputStream words = new ByteArrayOutputStream();
    PrintStream stream = new PrintStream(words, true, StandardCharsets.UTF_8);
    int code =
        workload.call(
            () -> new CaptureMain(new Programs.OfTheMachine(), stream, stream).run(arguments));
    said = words.toString(StandardCharsets.UTF_8);
    return code;
  }

  private String rules(String backend) {
    return switch (backend) {
      case "nft" -> workload.run("nft", "-s", "list", "ruleset").output();
      default -> {
        StringBuilder text = new StringBuilder();
        for (String family : List.of("iptables", "ip6tables")) {
          workload
              .run(backend.replace("iptables", family) + "-save", "-t", "nat")
              .output()
              .lines()
              .filter(line -> !line.startsWith("#"))
              .map(line -> line.replaceAll("\\[\\d+:\\d+]", ""))
              .forEach(line -> text.append(line).append('\n'));
        }
        yield text.toString();
      }
    };
  }

  private void damage(String backend) {
    if (backend.equals("nft")) {
      workload.run("nft", "flush", "chain", "inet", "refmesh", "outbound");
    } else {
      workload.run(backend, "-t", "nat", "-D", "REFMESH_OUTBOUND", "1");
    }
  }

  /** A server that says one line to everybody. */
  private void says(String line, Namespace where, String address, int port) throws Exception {
    servers.add(
        where.call(() -> {
          ServerSocket server = new ServerSocket();
          server.setReuseAddress(true);
          server.bind(new InetSocketAddress(InetAddress.getByName(address), port));
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                while (!server.isClosed()) {
                  try (Socket socket = server.accept()) {
                    socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
                  } catch (IOException e) {
                    // Closed, or a caller that went.
                  }
                }
              });
          return server;
        }));
  }

  /** Who answers a user's connection. */
  private static String answer(Namespace from, int uid, String address, int port) {
    return from.runAs(
            uid, "bash", "-c", "exec 3<>/dev/tcp/" + address + "/" + port + " && head -n 1 <&3")
        .output();
  }
}
