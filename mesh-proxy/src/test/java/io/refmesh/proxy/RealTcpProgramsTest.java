package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** PostgreSQL and Redis with the load programs of their authors, as opaque TCP through a pair. */
@Tag("interop")
class RealTcpProgramsTest {

  private static final String REDIS = "apt-get install redis-server redis-tools";
  private static final String POSTGRES = "apt-get install postgresql postgresql-contrib";
  private static final String POSTGRES_USER = "postgres";

  private final TestMesh mesh = new TestMesh();
  private final TestMesh.Sidecar caller = mesh.caller("web");
  private final List<Process> servers = new ArrayList<>();
  private final Path folder = open();

  @AfterEach
  void close() throws IOException {
    mesh.close();
    servers.forEach(Program::stop);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void redisBenchmarkGetsEachAnswer() {
    HostPort server = new HostPort(TestMesh.address(), 6379);
    serve(
        server,
        List.of(
            Program.path("redis-server", REDIS),
            "--bind",
            server.host(),
            "--port",
            "6379",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            folder.toString()));
    HostPort listener = through(server);
    Program.Result single =
        benchmark(listener, "-n", "20000", "-c", "20", "-t", "ping,set,get,lpush,lrange_100");
    assertThat(single.output()).doesNotContain("Error", "failed");
    assertThat(single.exit()).isZero();
    Program.Result pipelined =
        benchmark(listener, "-n", "100000", "-c", "10", "-P", "32", "-d", "1000", "-t", "set,get");
    assertThat(pipelined.exit()).isZero();
    Program.Result counted =
        Program.run(
            List.of(
                Program.path("redis-cli", REDIS),
                "-h",
                listener.host(),
                "-p",
                "6379",
                "info",
                "commandstats"));
    assertThat(counted.output())
        .contains("cmdstat_set:calls=120000")
        .contains("cmdstat_get:calls=120000");
    assertThat(caller.count("request_total")).isZero();
    assertThat(caller.count("tcp_open_total", "peer=\"dst\"", "tls=\"true\"")).isGreaterThan(30);
  }

  @Test
  void redisCliReadsBackWhatItWrote() {
    HostPort server = new HostPort(TestMesh.address(), 6379);
    serve(
        server,
        List.of(
            Program.path("redis-server", REDIS),
            "--bind",
            server.host(),
            "--port",
            "6379",
            "--save",
            "",
            "--dir",
            folder.toString()));
    HostPort listener = through(server);
    String cli = Program.path("redis-cli", REDIS);
    byte[] value = "0123456789abcdef".repeat(1 << 18).getBytes(StandardCharsets.US_ASCII);
    List<String> command = List.of(cli, "-h", listener.host(), "-p", "6379");
    Program.Result set =
        Program.run(Program.with(command, "-x", "set", "big"), stream -> stream.write(value));
    assertThat(set.output().strip()).isEqualTo("OK");
    Program.Result got = Program.run(Program.with(command, "get", "big"));
    assertThat(got.output().strip().length()).isEqualTo(value.length);
  }

  @Test
  void pgbenchLosesNoTransaction() {
    Path bin = postgresFolder();
    HostPort server = new HostPort(TestMesh.address(), 5432);
    Path data = folder.resolve("data");
    Program.Result made =
        Program.run(
            Program.asUser(
                POSTGRES_USER,
                List.of(
                    bin.resolve("initdb").toString(),
                    "-D",
                    data.toString(),
                    "-A",
                    "trust",
                    "-U",
                    "bench",
                    "--no-sync")));
    assertThat(made.exit()).as(made.output()).isZero();
    serve(
        server,
        Program.asUser(
            POSTGRES_USER,
            List.of(
                bin.resolve("postgres").toString(),
                "-D",
                data.toString(),
                "-h",
                server.host(),
                "-p",
                "5432",
                "-k",
                folder.toString(),
                "-F")));
    Eventually.holds(() ->
        Program.run(
                    List.of(
                        bin.resolve("pg_isready").toString(), "-h", server.host(), "-p", "5432"))
                .exit()
            == 0);
    HostPort listener = through(server);
    List<String> pgbench =
        List.of(
            Program.path("pgbench", POSTGRES), "-h", listener.host(), "-p", "5432", "-U", "bench");
    Program.Result filled = Program.run(Program.with(pgbench, "-i", "-s", "2", "-q", "postgres"));
    assertThat(filled.exit()).as(filled.output()).isZero();
    Program.Result run =
        Program.run(Program.with(pgbench, "-c", "8", "-t", "250", "-C", "postgres"));
    assertThat(run.output())
        .contains("number of transactions actually processed: 2000/2000")
        .contains("number of failed transactions: 0");
    Program.Result prepared =
        Program.run(
            Program.with(pgbench, "-c", "8", "-t", "500", "-M", "prepared", "-S", "postgres"));
    assertThat(prepared.output()).contains("number of transactions actually processed: 4000/4000");
    assertThat(caller.count("request_total")).isZero();
    assertThat(caller.count("tcp_open_total", "peer=\"dst\"", "tls=\"true\"")).isGreaterThan(2000);
  }

  private HostPort through(HostPort server) {
    caller.start();
    TestMesh.Sidecar called = mesh.of("store", server, AppProtocol.OPAQUE).start();
    return caller.calls(
        TestMesh.destination(
            called.service(), AppProtocol.OPAQUE, Timeouts.NONE, null, List.of(called.endpoint())));
  }

  private void serve(HostPort at, List<String> command) {
    servers.add(Program.start(folder.resolve("server-" + servers.size() + ".log"), command));
    Eventually.holds(() -> Sockets.accepts(at));
  }

  private static Program.Result benchmark(HostPort at, String... arguments) {
    return Program.run(
        Program.with(
            List.of(
                Program.path("redis-benchmark", REDIS),
                "-h",
                at.host(),
                "-p",
                Integer.toString(at.port()),
                "-q"),
            arguments));
  }

  /** Debian keeps the server's programs beside its version. */
  private static Path postgresFolder() {
    Optional<Path> found = Optional.empty();
    try (Stream<Path> files =
        Files.find(
            Path.of("/usr/lib/postgresql"), 3, (file, attributes) -> file.endsWith("bin/initdb"))) {
      found = files.max(Comparator.naturalOrder()).map(Path::getParent);
    } catch (IOException e) {
      // Not installed.
    }
    Assumptions.assumeTrue(
        found.isPresent(), "PostgreSQL is not installed; get it by: " + POSTGRES);
    return found.orElseThrow();
  }

  /** A folder that another user may enter and write to, since a database server refuses root. */
  private static Path open() {
    try {
      Path folder = Files.createTempDirectory("refmesh-interop");
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
