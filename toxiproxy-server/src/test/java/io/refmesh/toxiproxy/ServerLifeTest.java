package io.refmesh.toxiproxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starting and stopping, inside a program and as a process. */
class ServerLifeTest {
  private static final Pattern READY =
      Pattern.compile("Toxiproxy control API on 127\\.0\\.0\\.1:(\\d+) seed 5");

  @Test
  void closingEndsConnectionsAndFreesEveryPort() throws IOException {
    try (Upstream upstream = Upstream.manual()) {
      RunningServer toxiproxy = new RunningServer();
      int control = toxiproxy.controlPort();
      int port = toxiproxy.proxy("p", upstream.port());
      try (Client client = new Client(port)) {
        upstream.next();
        toxiproxy.close();
        assertThat(client.ending()).isEqualTo("end");
        assertThat(Client.listens(port)).isFalse();
        assertThat(Client.listens(control)).isFalse();
      }
    }
  }

  @Test
  void closingTwiceIsHarmless() {
    RunningServer toxiproxy = new RunningServer();
    toxiproxy.close();
    toxiproxy.close();
  }

  @Test
  void aControlHostThatDoesNotExistIsSaid() {
    assertThatThrownBy(
            () -> ToxiproxyServer.start(new InetSocketAddress("no.such.host.invalid", 0), 1))
        .hasMessage("cannot listen on no.such.host.invalid: no such host");
  }

  @Test
  void twoServersInOneProgramShareNothing() {
    try (RunningServer one = new RunningServer();
        RunningServer two = new RunningServer()) {
      one.proxy("p", 9);
      assertThat(two.call("GET", "/proxies", "")).isEqualTo("200 {}");
    }
  }

  @Test
  void aControlPortInUseIsSaid() {
    try (RunningServer first = new RunningServer()) {
      InetSocketAddress taken =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), first.controlPort());
      assertThatThrownBy(() -> ToxiproxyServer.start(taken, 1))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot listen on")
          .hasMessageContaining("in use");
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      int status =
          ToxiproxyMain.run(
              List.of("-host", "127.0.0.1", "-port", Integer.toString(first.controlPort())),
              new PrintStream(new ByteArrayOutputStream(), true, UTF_8),
              new PrintStream(err, true, UTF_8));
      assertThat(status).isEqualTo(1);
      assertThat(err.toString(UTF_8)).contains("choose another address with -host and -port");
    }
  }

  @Test
  void aConfigWithAMistakeIsRefusedWithItsReason() {
    try (RunningServer toxiproxy = new RunningServer()) {
      assertThatThrownBy(() -> toxiproxy.server.populate("[{}]".getBytes(UTF_8)))
          .hasMessage("missing required field: name at proxy 1");
    }
  }

  @Test
  void theProcessSaysWhereItIsTakesItsConfigAndStopsInOrderOnSigterm(@TempDir Path folder)
      throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("proxies.json"),
            "[{\"name\":\"p\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"127.0.0.1:9\"}]");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                ToxiproxyMain.class.getName(),
                "-host=127.0.0.1",
                "-port=0",
                "-seed=5",
                "-config=" + config)
            .redirectError(folder.resolve("log").toFile())
            .start();
    try (BufferedReader out = process.inputReader(UTF_8)) {
      Matcher ready = READY.matcher(String.valueOf(out.readLine()));
      assertThat(ready.matches()).isTrue();
      int control = Integer.parseInt(ready.group(1));
      assertThat(Client.listens(control)).isTrue();
      process.destroy();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
      assertThat(Client.listens(control)).isFalse();
      assertThat(Files.readString(folder.resolve("log")))
          .contains("proxy listens: name=p")
          .contains("Toxiproxy stopped");
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void versionAndMistakesEndTheProcessAtOnce() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream outPrinter = new PrintStream(out, true, UTF_8);
    PrintStream errPrinter = new PrintStream(err, true, UTF_8);
    assertThat(ToxiproxyMain.run(List.of("-version"), outPrinter, errPrinter)).isZero();
    assertThat(out.toString(UTF_8))
        .isEqualTo("toxiproxy-server version git" + System.lineSeparator());
    assertThat(ToxiproxyMain.run(List.of("-what"), outPrinter, errPrinter)).isEqualTo(2);
    assertThat(err.toString(UTF_8)).contains("unknown flag: -what").contains("Usage:");
  }
}
