package io.refmesh.chaos.kubernetes;

import io.refmesh.chaos.mesh.RunningLoad;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The load of one scenario in the pod of the Job {@code load}. Its record is written there and
 * copied here as it grows; when the stream breaks, the copy goes on where it ended, so that nothing
 * is lost and nothing is there twice.
 */
final class LoadJob implements RunningLoad {

  /** Where records are kept inside the pod. */
  static final String FOLDER = "/load";

  private static final Duration START_WITHIN = Duration.ofSeconds(60);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(30);
  private static final Duration LONGEST = Duration.ofMinutes(30);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);

  /** As documented: stopped by SIGTERM, with complete files; and carried out. */
  private static final String COMPLETE = "143|130|0";

  /** {@code $0} is the folder of this load, {@code $1} the plan. */
  private static final String START =
      """
      set -e
      rm -rf "$0" && mkdir -p "$0"
      printf %%s "$1" > "$0/plan.json"
      cd "$0"
      setsid sh -c 'java -XX:+UseSerialGC -Xmx256m -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xshare:auto -Djava.io.tmpdir="$0" \\
        -jar /refmesh/load-tests/target/load-tests.jar plan.json out > log 2>&1 & echo $! > pid; wait $!; echo $? > exit' "$0" \\
        > /dev/null 2>&1 < /dev/null &
      rounds=0
      until [ -f out/started ] || [ -f exit ] || [ $rounds -ge %d ]; do sleep 0.1; rounds=$((rounds + 1)); done
      if [ -f out/started ]; then cat out/started; else tail -n 5 log; exit 1; fi
      """
          .formatted(START_WITHIN.toMillis() / 100);

  /**
   * {@code $1} is how many bytes are known. Ends when the load has and all is said. Looks ten times
   * a second: what is said with every line that is written is too much for the way through the API
   * server.
   */
  private static final String FOLLOW =
      "exec tail ---disable-inotify --pid=\"$(cat \"$0/pid\")\" -s 0.1 -c +$(($1 + 1)) -f"
          + " \"$0/out/requests.tsv\"";

  private static final String STOP =
      """
      cd "$0"
      [ -f exit ] && { echo "ended early with exit code $(cat exit)"; tail -n 5 log; exit 1; }
      kill -TERM "$(cat pid)"
      until [ -f exit ]; do sleep 0.1; done
      case $(cat exit) in %s) ;; *) echo "ended with exit code $(cat exit)"; tail -n 5 log; exit 1 ;; esac
      wc -c < out/requests.tsv
      """
          .formatted(COMPLETE);

  private final Exec exec;
  private final String folder;
  private final Path record;
  private final long startedEpochMillis;
  private final AtomicLong copied = new AtomicLong();
  private final Thread copier;
  private volatile boolean ended;
  private volatile @Nullable IOException failure;

  private LoadJob(Exec exec, String folder, Path record, long startedEpochMillis) {
    this.exec = exec;
    this.folder = folder;
    this.record = record;
    this.startedEpochMillis = startedEpochMillis;
    this.copier = Thread.ofVirtual().name("record of the load").unstarted(this::copy);
  }

  static LoadJob start(Exec exec, String name, String plan, Path files)
      throws IOException, InterruptedException {
    Files.createDirectories(files);
    Files.writeString(files.resolveSibling(name + ".plan.json"), plan);
    String folder = FOLDER + "/" + name;
    String said;
    try {
      said = exec.require(START_WITHIN.multipliedBy(2), START, folder, plan);
    } catch (IOException e) {
      throw new IOException("the load generator did not start: " + e.getMessage(), e);
    }
    Path record = RunningLoad.record(files);
    Files.writeString(record, "");
    LoadJob load = new LoadJob(exec, folder, record, Long.parseLong(said.strip()));
    load.copier.start();
    return load;
  }

  @Override
  public long startedEpochMillis() {
    return startedEpochMillis;
  }

  private void copy() {
    try (OutputStream file = new FileOutputStream(record.toFile(), true)) {
      while (!ended) {
        try {
          exec.stream(new Counted(file), LONGEST, FOLLOW, folder, Long.toString(copied.get()));
        } catch (IOException e) {
          // It goes on where it broke off.
          failure = e;
        }
        Thread.sleep(LOOK_EVERY);
      }
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Counts what has reached the file, which readers see at once. */
  private final class Counted extends FilterOutputStream {
    Counted(OutputStream file) {
      super(file);
    }

    @Override
    public void write(int b) throws IOException {
      if (!ended) {
        out.write(b);
        copied.incrementAndGet();
      }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (!ended) {
        out.write(bytes, offset, length);
        copied.addAndGet(length);
      }
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }

  @Override
  public void stop() throws IOException, InterruptedException {
    long size;
    try {
      size = Long.parseLong(exec.require(STOP_WITHIN, STOP, folder).strip());
    } catch (IOException e) {
      throw new IOException("the load generator: " + e.getMessage(), e);
    }
    for (long rounds = STOP_WITHIN.dividedBy(LOOK_EVERY);
        rounds > 0 && copied.get() < size;
        rounds--) {
      Thread.sleep(LOOK_EVERY);
    }
    ended = true;
    if (copied.get() != size) {
      throw new IOException(
          "the record of the load has " + size + " bytes, and " + copied.get() + " arrived here",
          failure);
    }
  }

  @Override
  public void close() {
    ended = true;
    copier.interrupt();
    try {
      exec.run(STOP_WITHIN, "[ -f \"$0/exit\" ] || kill -TERM \"$(cat \"$0/pid\")\"", folder);
    } catch (IOException e) {
      // The pod is gone, and the load with it.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
