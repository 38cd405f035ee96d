package io.refmesh.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How finished requests get into the file. */
class RecorderTest {

  @TempDir Path folder;

  @Test
  void writesOneLineForEachRequestInTheirOrder() throws Exception {
    Path file = folder.resolve("requests.tsv");
    try (Recorder recorder = Recorder.open(file)) {
      recorder.record(record("a-0", Outcome.OK, ""));
      recorder.record(record("a-1", Outcome.RESET, "connection\tclosed\n"));
    }

    assertThat(Files.readAllLines(file))
        .containsExactly(
            RequestRecord.HEADING.strip(),
            "a\ta-0\t10\t20\t30\tok\t200\tcatalog-1\t-\tweb\t1\t-\t5\t-",
            "a\ta-1\t10\t20\t30\treset\t200\tcatalog-1\t-\tweb\t1\t-\t5\tconnection closed ");
  }

  @Test
  @Timeout(5)
  void showsALineToALiveReaderBeforeItIsClosed() throws Exception {
    Path file = folder.resolve("requests.tsv");
    try (Recorder recorder = Recorder.open(file)) {
      recorder.record(record("a-0", Outcome.OK, ""));
      while (recorder.recorded("a", Outcome.OK) == 0) {
        Thread.onSpinWait();
      }
      // What is counted is in the file; a line may be there a moment before it is counted.
      assertThat(Files.readAllLines(file)).hasSize(2);
    }
  }

  @Test
  void countsWhatTheQueueDoesNotTake() throws Exception {
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    OutputStream slow =
        new OutputStream() {
          private boolean headed;

          @Override
          public void write(int b) {}

          @Override
          public void write(byte[] bytes, int from, int length) throws IOException {
            if (headed) {
              writing.countDown();
              try {
                goOn.await();
              } catch (InterruptedException stopped) {
                throw new IOException(stopped);
              }
            }
            headed = true;
          }
        };
    Recorder recorder = new Recorder(slow, 2);
    recorder.record(record("a-0", Outcome.OK, ""));
    writing.await();
    for (int i = 1; i <= 5; i++) {
      recorder.record(record("a-" + i, Outcome.OK, ""));
    }
    goOn.countDown();
    recorder.close();

    assertThat(recorder.recorded("a", Outcome.OK)).isEqualTo(3);
    assertThat(recorder.dropped()).isEqualTo(3);
  }

  @Test
  void countsWhatTheDiskDoesNotTakeAndSaysWhy() throws Exception {
    OutputStream full =
        new OutputStream() {
          private boolean headed;

          @Override
          public void write(int b) {}

          @Override
          public void write(byte[] bytes, int from, int length) throws IOException {
            if (headed) {
              throw new IOException("No space left on device");
            }
            headed = true;
          }
        };
    Recorder recorder = new Recorder(full, 10);
    List.of("a-0", "a-1").forEach(id -> recorder.record(record(id, Outcome.OK, "")));
    recorder.close();

    assertThat(recorder.recorded("a", Outcome.OK)).isZero();
    assertThat(recorder.dropped()).isEqualTo(2);
    assertThat(recorder.failure()).hasMessage("No space left on device");
  }

  @Test
  void cutsLongTextsThatAServerSent() {
    StringBuilder line = new StringBuilder();
    record("a-0", Outcome.ERROR, "x".repeat(10_000)).appendTo(line);

    assertThat(line.length()).isLessThan(400);
    assertThat(line.toString().split("\t", -1))
        .hasSize(RequestRecord.HEADING.split("\t", -1).length);
  }

  private static RequestRecord record(String id, Outcome outcome, String error) {
    return new RequestRecord(
        "a", id, 10, 20, 30, outcome, 200, "catalog-1", "", "web", "1", "", 5, error);
  }
}
