package io.refmesh.load;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Writes finished requests to {@code requests.tsv}: the event loop offers and never waits, one
 * thread of its own writes and flushes. What the bounded queue or the disk does not take is counted
 * as dropped; what was counted as recorded is in the file.
 */
final class Recorder implements AutoCloseable {

  static final int QUEUE_MAX = 65_536;

  /** A live reader sees a line at most this long after its request finished. */
  private static final long FLUSH_MILLIS = 200;

  /** Lines are handed to the file in pieces of about this size. */
  private static final int PIECE_CHARS = 32 * 1024;

  private final BlockingQueue<RequestRecord> queue;
  private final OutputStream file;
  private final Thread writer;
  private final AtomicLong dropped = new AtomicLong();
  private final Map<String, AtomicLongArray> recorded = new ConcurrentHashMap<>();
  private volatile boolean closing;
  private volatile @Nullable IOException failure;

  static Recorder open(Path path) throws IOException {
    return new Recorder(
        Files.newOutputStream(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
        QUEUE_MAX);
  }

  Recorder(OutputStream file, int queueMax) throws IOException {
    this.file = file;
    this.queue = new ArrayBlockingQueue<>(queueMax);
    file.write(RequestRecord.HEADING.getBytes(StandardCharsets.UTF_8));
    file.flush();
    this.writer = new Thread(this::writeUntilClosed, "recorder");
    writer.setDaemon(true);
    writer.start();
  }

  /** Takes a finished request, from any thread, without waiting. */
  void record(RequestRecord request) {
    if (closing || !queue.offer(request)) {
      dropped.incrementAndGet();
    }
  }

  /** Lines in the file for this stream and outcome. */
  long recorded(String stream, Outcome outcome) {
    AtomicLongArray counts = recorded.get(stream);
    return counts == null ? 0 : counts.get(outcome.ordinal());
  }

  long dropped() {
    return dropped.get();
  }

  /** Why lines could not be written, or null. */
  @Nullable IOException failure() {
    return failure;
  }

  /** Writes out what was taken before the call, then closes the file. */
  @Override
  public void close() {
    closing = true;
    try {
      writer.join();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private void writeUntilClosed() {
    StringBuilder piece = new StringBuilder(PIECE_CHARS + 4096);
    List<RequestRecord> inPiece = new ArrayList<>();
    try (OutputStream out = file) {
      while (true) {
        boolean last = closing;
        RequestRecord request =
            last ? queue.poll() : queue.poll(FLUSH_MILLIS, TimeUnit.MILLISECONDS);
        if (request == null && last) {
          return;
        }
        while (request != null) {
          request.appendTo(piece);
          inPiece.add(request);
          request = piece.length() < PIECE_CHARS ? queue.poll() : null;
        }
        write(out, piece, inPiece);
        if (!closing && queue.isEmpty()) {
          // Lines gather for a moment, so that a busy run costs a few writes a second and not one a
          // request.
          Thread.sleep(FLUSH_MILLIS / 2);
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } catch (IOException unclosed) {
      failure = failure == null ? unclosed : failure;
    }
  }

  private void write(OutputStream out, StringBuilder piece, List<RequestRecord> inPiece) {
    if (inPiece.isEmpty()) {
      return;
    }
    try {
      if (failure != null) {
        throw failure;
      }
      out.write(piece.toString().getBytes(StandardCharsets.UTF_8));
      out.flush();
      for (RequestRecord request : inPiece) {
        recorded
            .computeIfAbsent(request.stream(), id -> new AtomicLongArray(Outcome.values().length))
            .incrementAndGet(request.outcome().ordinal());
      }
    } catch (IOException unwritten) {
      // The run goes on: its effects on the mesh are wanted even when the record is lost, and the
      // exit code tells.
      failure = unwritten;
      dropped.addAndGet(inPiece.size());
    }
    piece.setLength(0);
    inPiece.clear();
  }
}
