package io.refmesh.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class LiveProgressTest {

  private final StringWriter text = new StringWriter();
  private Instant now = Instant.EPOCH;

  @Test
  void writesOneLineEveryFiveSecondsWhereThereIsNoTerminal() {
    LiveProgress progress = progress(false);
    progress.scenarioStarted("slow-backend", "A backend becomes slower than its timeout");
    progress.act("real");
    progress.window("during", Duration.ofSeconds(12));
    for (int i = 0; i < 24; i++) {
      now = now.plusMillis(500);
      progress.tick("during", 150.04, i);
    }

    assertThat(text.toString())
        .isEqualTo(
            """

            slow-backend  A backend becomes slower than its timeout
              real
                during   12 s
                during     5.0 s of 12 s      150.0/s  9 errors
                during    10.0 s of 12 s      150.0/s  19 errors
            """);
  }

  @Test
  void writesInPlaceOnATerminal() {
    LiveProgress progress = progress(true);
    progress.window("during", Duration.ofSeconds(2));
    now = now.plusMillis(500);
    progress.tick("during", 99.5, 1);
    progress.say("detected after 380 ms");

    assertThat(text.toString())
        .isEqualTo(
            "\r\u001b[2K    during     0.0 s of 2 s"
                + "\r\u001b[2K    during     0.5 s of 2 s        99.5/s  1 error\n"
                + "    detected after 380 ms\n");
  }

  @Test
  void keepsLinesInPlaceShorterThanATerminal() {
    LiveProgress progress = progress(true);
    progress.window("before", Duration.ofMillis(12_500));
    now = now.plusMillis(12_500);
    progress.tick("before", 123_456.7, 1_234_567);

    String last = text.toString().replaceAll("\u001b\\[[0-9;]*[mK]", "");
    assertThat(last.substring(last.lastIndexOf('\r') + 1).length()).isLessThan(80);
  }

  @Test
  void endsWithResultDurationAndControls() {
    progress(false).scenarioEnded(SampleRun.slowBackend());

    assertThat(text.toString())
        .isEqualTo(
            """
              PASSED after 41.3 s   7 of 7 expectations held, 1 of 1 control caught
                control no-timeout caught by bounded
            """);
  }

  @Test
  void tellsWhatFailedWithObservedAndExpected() {
    progress(false).scenarioEnded(SampleRun.flakyBackend());

    assertThat(text.toString())
        .contains("FAILED after 46.2 s   3 of 5 expectations held, 1 of 2 controls caught")
        .contains(
            "    success  during\n      observed  client.browse.successRate = 0.9871\n      expected  client.browse")
        .contains("control retries-off caught by success")
        .contains("control retry-posts missed")
        .contains("expected  a failure of no-second-effect")
        .doesNotContain("\u001b");
  }

  @Test
  void tellsWhyAScenarioDidNotEnd() {
    progress(false).scenarioEnded(SampleRun.controlPlaneAway());

    assertThat(text.toString())
        .isEqualTo("  ABORTED after 31.0 s\n    " + SampleRun.controlPlaneAway().reason() + "\n");
  }

  @Test
  void coloursOnATerminalOnly() {
    progress(true).scenarioEnded(SampleRun.slowBackend());

    assertThat(text.toString()).contains("\u001b[32mPASSED\u001b[0m");
  }

  private LiveProgress progress(boolean tty) {
    return new LiveProgress(new PrintWriter(text), tty, () -> now);
  }
}
