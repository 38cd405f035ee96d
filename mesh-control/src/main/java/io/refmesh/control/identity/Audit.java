package io.refmesh.control.identity;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/**
 * Every decision about a certificate, one line of JSON each: appended to {@code audit.log} of the
 * state folder, or to standard output, where a cluster collects what its pods say. Refusals are
 * bounded per second, so that nobody without a token can fill the disk; how many were left out is
 * said in the next line. Thread-safe.
 */
public final class Audit implements AutoCloseable {

  static final String FILE = "audit.log";

  private static final int REFUSALS_PER_SECOND_MAX = 100;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final WritableByteChannel lines;
  private final InstantSource clock;
  private long second;
  private int refusalsInSecond;
  private long leftOut;

  private Audit(WritableByteChannel lines, InstantSource clock) {
    this.lines = lines;
    this.clock = clock;
  }

  static Audit open(Path state, InstantSource clock) throws IOException {
    return new Audit(
        FileChannel.open(
            state.resolve(FILE),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))),
        clock);
  }

  /** For a control plane whose standard output outlives it. */
  public static Audit toStandardOutput(InstantSource clock) {
    return to(Channels.newChannel(new StandardOutput()), clock);
  }

  /** Stays open when the log is closed: others still write there. */
  private static final class StandardOutput extends OutputStream {

    @SuppressWarnings("resource") // Nobody owns standard output.
    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

    @Override
    public void write(int one) throws IOException {
      out.write(one);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }
  }

  static Audit to(WritableByteChannel lines, InstantSource clock) {
    return new Audit(lines, clock);
  }

  /** A certificate is about to be handed out; it must not be when this throws. */
  synchronized void issued(
      String identity, String workload, String serial, Instant notAfter, String peer)
      throws IOException {
    Map<String, Object> line = line("issued", identity, peer);
    line.put("workload", workload);
    line.put("serial", serial);
    line.put("notAfter", notAfter.toString());
    append(line);
  }

  synchronized void refused(String identity, String reason, String message, String peer)
      throws IOException {
    long now = clock.instant().getEpochSecond();
    if (now != second) {
      second = now;
      refusalsInSecond = 0;
    }
    if (++refusalsInSecond > REFUSALS_PER_SECOND_MAX) {
      leftOut++;
      return;
    }
    Map<String, Object> line = line("refused", identity, peer);
    line.put("reason", reason);
    line.put("message", message);
    append(line);
  }

  @Override
  public synchronized void close() throws IOException {
    lines.close();
  }

  private Map<String, Object> line(String decision, String identity, String peer) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("time", clock.instant().toString());
    line.put("decision", decision);
    // Comes from the caller: bounded like everything that does.
    line.put("identity", identity.length() <= 600 ? identity : identity.substring(0, 600));
    line.put("peer", peer);
    if (leftOut > 0) {
      line.put("refusalsLeftOut", leftOut);
    }
    return line;
  }

  private void append(Map<String, Object> line) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap((JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      lines.write(bytes);
    }
    leftOut = 0;
  }
}
