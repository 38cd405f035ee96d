package io.refmesh.chaos.cluster;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The process that made something outside of itself, written as the name of what it made: who comes
 * later sees whether that process still runs. Pids come again, so the instant it started is part of
 * it, and so is the machine, since several may share one engine.
 *
 * @param host four hexadecimal digits drawn from the machine's name
 */
record Owner(String host, long pid, long startedEpochMillis) {

  private static final String PREFIX = "refmesh-e2e";
  private static final Pattern NAME =
      Pattern.compile(PREFIX + "-([0-9a-f]{4})-([0-9]{1,9})-([0-9a-z]{1,13})");
  private static final int BASE = Character.MAX_RADIX;
  private static final int HOST_BITS = 0xffff;

  static Owner current() {
    ProcessHandle self = ProcessHandle.current();
    return new Owner(thisHost(), self.pid(), started(self));
  }

  /** The owner whose name is part of {@code text}. */
  static Optional<Owner> in(String text) {
    Matcher matcher = NAME.matcher(text);
    return matcher.find()
        ? Optional.of(
            new Owner(
                matcher.group(1),
                Long.parseLong(matcher.group(2)),
                Long.parseLong(matcher.group(3), BASE)))
        : Optional.empty();
  }

  /** Fit for containers, volumes, clusters and labels. */
  String name() {
    return PREFIX + "-" + host + "-" + pid + "-" + Long.toString(startedEpochMillis, BASE);
  }

  /** Whether it ran on this machine and does so no more; of others nothing can be said. */
  boolean gone() {
    return host.equals(thisHost())
        && ProcessHandle.of(pid)
            .filter(ProcessHandle::isAlive)
            .filter(handle -> started(handle) == startedEpochMillis)
            .isEmpty();
  }

  private static long started(ProcessHandle handle) {
    return handle.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  private static String thisHost() {
    String name;
    try {
      name = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      name = "localhost";
    }
    return String.format(Locale.ROOT, "%04x", name.hashCode() & HOST_BITS);
  }
}
