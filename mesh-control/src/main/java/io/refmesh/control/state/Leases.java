package io.refmesh.control.state;

import io.refmesh.control.registry.Expiring;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * When each object that ends by itself does so, counted from when it was last changed. An API
 * server knows that, the same for every replica; of a file it is when its content was first seen:
 * writing it again does not prolong it, nor does a restart of the control plane. Confined to the
 * writer thread.
 */
public final class Leases {

  // By a hash of the content: it is the same after a restart.
  private final Map<String, Instant> ends = new TreeMap<>();

  /**
   * What an earlier process wrote with {@link #text}: a line for each lease, its end in
   * milliseconds since 1970 and the hash. A line that cannot be read is none.
   */
  public static Leases of(String text) {
    Leases leases = new Leases();
    text.lines()
        .forEach(line -> {
          String[] parts = line.split(" ", -1);
          if (parts.length == 2 && parts[0].matches("[0-9]{1,15}")) {
            leases.ends.put(parts[1], Instant.ofEpochMilli(Long.parseLong(parts[0])));
          }
        });
    return leases;
  }

  public String text() {
    return ends.entrySet().stream()
        .map(lease -> lease.getValue().toEpochMilli() + " " + lease.getKey() + "\n")
        .collect(Collectors.joining());
  }

  /**
   * Takes what is there now: what is new or changed begins its lease, what is gone is forgotten.
   *
   * @return whether anything changed
   */
  public boolean update(Collection<? extends Expiring> objects, Instant now) {
    Set<String> present = new HashSet<>();
    boolean changed = false;
    for (Expiring object : objects) {
      String hash = hash(object);
      present.add(hash);
      Optional<Instant> written = object.metadata().changed();
      if (written.isPresent()) {
        // Clocks differ: what is of the future was written now.
        Instant begin = written.get().isBefore(now) ? written.get() : now;
        Instant end = begin.plus(object.expiresAfter());
        changed |= !end.equals(ends.put(hash, end));
      } else {
        changed |= ends.putIfAbsent(hash, now.plus(object.expiresAfter())) == null;
      }
    }
    return ends.keySet().retainAll(present) || changed;
  }

  /** When it ends; empty when it has. */
  public Optional<Instant> end(Expiring object, Instant now) {
    return Optional.ofNullable(ends.get(hash(object))).filter(now::isBefore);
  }

  /** The next moment at which an object ends. */
  public Optional<Instant> next(Instant now) {
    return ends.values().stream().filter(now::isBefore).min(Instant::compareTo);
  }

  private static String hash(Expiring object) {
    try {
      byte[] content = object.content().getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
