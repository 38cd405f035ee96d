package io.refmesh.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code mesh up}, {@code mesh run} and {@code mesh tap} as a user types them: processes of their
 * own, against the jars of this checkout. Not run where those are not built.
 */
@Timeout(120)
class MeshRunTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  /** One service of the shop. */
  private static final String FOLDER =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: pricing, namespace: shop}
      spec:
        selector: {app: pricing}
        ports: [{name: http, port: 8080, appProtocol: http}]
      ---
      apiVersion: refmesh.io/v1alpha1
      kind: Workload
      metadata: {name: pricing, namespace: shop, labels: {app: pricing}}
      spec:
        command: [java, -XX:+UseSerialGC, "-XX:TieredStopAtLevel=1", -jar, demo-shop.jar, pricing]
        serviceAccount: pricing
        replicas: 1
        ports: [{name: http, port: 8080, appProtocol: http}]
        readiness: {httpGet: {path: /ready, port: 8080}}
      ---
      apiVersion: refmesh.io/v1alpha1
      kind: AuthorizationPolicy
      metadata: {name: pricing, namespace: shop}
      spec:
        targetRefs: [{kind: Service, name: pricing}]
        action: ALLOW
        rules: [{from: [{serviceAccounts: [{name: batch, namespace: shop}]}]}]
      """;

  @TempDir Path folder;

  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void startTheMesh() throws Exception {
    for (String module : List.of("mesh-proxy", "mesh-control", "demo-shop")) {
      Path jar = ROOT.resolve(module).resolve("target").resolve(module + ".jar");
      assumeTrue(Files.isRegularFile(jar), jar + " is not there; `make build` makes it");
    }
    Files.createDirectory(folder.resolve("mesh"));
    Files.writeString(folder.resolve("mesh/shop.yaml"), FOLDER);
    Process up = mesh("up", "up", "-f", folder.resolve("mesh").toString());
    while (!output("up").contains("the mesh is up")) {
      assertThat(up.isAlive()).as("mesh up: %s", output("up")).isTrue();
      up.waitFor(50, TimeUnit.MILLISECONDS);
    }
  }

  @AfterEach
  void stopEverything() throws Exception {
    for (Process process : processes.reversed()) {
      process.destroy();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  @Test
  void aCommandCallsAsItsServiceAccountAndTheTapShowsIt() throws Exception {
    Process tap =
        mesh(
            "tap",
            "tap",
            "pricing",
            "-n",
            "shop",
            "--direction",
            "inbound",
            "--path",
            "/prices",
            "--max",
            "1",
            "-o",
            "json");
    // The first call may be over before the tap listens.
    do {
      assertThat(run("batch", "http://pricing.shop:8080/prices"))
          .as("mesh run: %s", output("run"))
          .isZero();
      assertThat(output("run")).contains("200 ").contains("\"prices\"");
    } while (!tap.waitFor(500, TimeUnit.MILLISECONDS));

    assertThat(tap.exitValue()).as("mesh tap: %s", output("tap")).isZero();
    assertThat(output("tap").lines().filter(line -> line.startsWith("{")).findFirst())
        .hasValueSatisfying(line ->
            assertThat(line)
                .contains("\"event\":\"request\"")
                .contains("\"path\":\"/prices\"")
                .contains("\"client_id\":\"spiffe://cluster.local/ns/shop/sa/batch\""));

    // Its identity is what counts, and what is not the mesh's is refused.
    assertThat(run("thief", "http://pricing.shop:8080/prices")).isEqualTo(403 / 10);
    assertThat(output("run")).contains("403 ");
    assertThat(run("batch", "http://example.com/")).isEqualTo(404 / 10);
    assertThat(output("run")).contains("not-in-mesh");
    assertThat(leftBehind()).as("what the commands left behind").isEmpty();

    Process up = processes.getFirst();
    up.destroy();
    assertThat(up.waitFor()).isEqualTo(ExitCode.ABORTED);
  }

  /** The exit code. */
  private int run(String serviceAccount, String url) throws Exception {
    return mesh(
            "run",
            "run",
            "--as",
            serviceAccount,
            "--namespace",
            "shop",
            "--",
            JAVA,
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            ProxiedCall.class.getName(),
            url)
        .waitFor();
  }

  private Process mesh(String log, String command, String... arguments) throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of(
                JAVA,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Drefmesh.home=" + ROOT,
                "-cp",
                System.getProperty("java.class.path"),
                MeshMain.class.getName(),
                command,
                "--state",
                folder.resolve("state").toString()));
    words.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(log + ".log").toFile())
            .start();
    processes.add(process);
    return process;
  }

  private String output(String log) throws IOException {
    Path file = folder.resolve(log + ".log");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  private List<String> leftBehind() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("state"))) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.startsWith("run-"))
          .toList();
    }
  }
}
