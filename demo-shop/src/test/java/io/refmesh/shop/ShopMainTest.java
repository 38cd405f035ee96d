package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ShopMainTest {
  @Test
  void saysThatItIsReadyAndExitsWithZeroOnSigterm() throws Exception {
    Process process = start("catalog", Map.of("PORT", "0", "ADMIN_PORT", "0"));
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine())
          .matches(
              "shop: ready role=catalog instance=catalog-0 version=v1 zone=- "
                  + "address=127\\.0\\.0\\.1:\\d+ admin=127\\.0\\.0\\.1:\\d+ startMillis=\\d+");
      // Through the handle: destroying the process itself would close its output.
      process.toHandle().destroy();
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
      assertThat(out.readLine()).isEqualTo("shop: drained");
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void namesThePortThatIsTaken() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      String port = Integer.toString(taken.getLocalPort());
      Process process = start("catalog", Map.of("PORT", port, "ADMIN_PORT", "0"));
      assertThat(errors(process)).contains("cannot listen on 127.0.0.1:" + port, "set PORT");
      assertThat(process.exitValue()).isEqualTo(1);
    }
  }

  @Test
  void namesTheVariableThatIsBad() throws Exception {
    Process process = start("catalog", Map.of("SEED", "x"));
    assertThat(errors(process)).startsWith("shop: SEED: x (expected: a whole number");
    assertThat(process.exitValue()).isEqualTo(64);
  }

  private static Process start(String role, Map<String, String> environment) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            java,
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            ShopMain.class.getName(),
            role);
    builder.environment().putAll(environment);
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    return builder.start();
  }

  private static String errors(Process process) throws Exception {
    String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return errors;
  }
}
