package io.refmesh.chaos.observe;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The record of a load run, read while it is being written: whole lines only. Thread-safe. */
final class RequestRecord {

  /**
   * A run of eight minutes at a few hundred requests a second stays far below; what is above is an
   * error.
   */
  private static final int REQUESTS_MAX = 2_000_000;

  private final Path file;
  private final List<RecordedRequest> requests = new ArrayList<>();
  private long read;

  RequestRecord(Path file) {
    this.file = file;
  }

  /** Takes in what was written since the last call. */
  synchronized void refresh() throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    try (RandomAccessFile input = new RandomAccessFile(file.toFile(), "r")) {
      long length = input.length();
      if (length <= read) {
        return;
      }
      byte[] bytes = new byte[Math.toIntExact(length - read)];
      input.seek(read);
      input.readFully(bytes);
      int end = bytes.length;
      while (end > 0 && bytes[end - 1] != '\n') {
        end--;
      }
      for (String line : new String(bytes, 0, end, StandardCharsets.UTF_8).split("\n")) {
        if (!line.isEmpty() && line.charAt(0) != '#') {
          if (requests.size() >= REQUESTS_MAX) {
            throw new IOException(
                "more than " + REQUESTS_MAX + " requests in one run (expected: shorter windows)");
          }
          requests.add(RecordedRequest.parse(line));
        }
      }
      read += end;
    }
  }

  synchronized List<RecordedRequest> where(Predicate<RecordedRequest> wanted) {
    return requests.stream().filter(wanted).toList();
  }
}
