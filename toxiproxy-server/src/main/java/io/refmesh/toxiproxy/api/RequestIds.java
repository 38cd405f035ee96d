package io.refmesh.toxiproxy.api;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

/**
 * Ids of requests in the form of xid, which the original uses: 4 bytes of time, 5 of this process,
 * 3 of a counter, in base32hex.
 *
 * <pre>
 *  0        4          9      12
 *  | seconds | process  | count |   96 bits, written as 20 characters of 5 bits, the last one padded
 * </pre>
 */
final class RequestIds {
  private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuv";

  private final InstantSource clock;
  private final long process;
  private int count;

  RequestIds(InstantSource clock, RandomGenerator random) {
    this.clock = clock;
    this.process = random.nextLong() & 0xFF_FFFF_FFFFL;
    this.count = random.nextInt();
  }

  /** The next id. */
  String next() {
    count++;
    byte[] id =
        ByteBuffer.allocate(Long.BYTES * 2)
            .putInt((int) (clock.millis() / 1000))
            .putLong(process << 24 | (count & 0xFF_FFFF))
            .array();
    StringBuilder text = new StringBuilder(20);
    for (int bit = 0; bit < 100; bit += 5) {
      int pair = (id[bit / 8] & 0xFF) << 8 | (id[bit / 8 + 1] & 0xFF);
      text.append(ALPHABET.charAt(pair >> (11 - bit % 8) & 31));
    }
    return text.toString();
  }
}
