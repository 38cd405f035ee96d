package io.refmesh.testkit.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Feeds a parser with the inputs of a folder and with random changes of them. An input that it does
 * not survive is written to the folder, where every later run finds it. Not guided by coverage: the
 * folder's inputs should reach every branch between them.
 */
public final class Fuzz {

  /** Takes any bytes and returns; what it throws is a finding. */
  public interface Target {
    void feed(byte[] input) throws Exception;
  }

  private static final int BYTES_MAX = 20_000;
  private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Numbers at which lengths turn over, and bytes that mean something to some parser. */
  private static final int[] SPECIAL = {
    0, 1, 7, 9, 10, 13, 22, 32, 37, 44, 47, 58, 59, 61, 63, 64, 127, 128, 192, 253, 254, 255
  };

  private final Path folder;
  private final Target target;
  private final LongSupplier nanos;
  private final List<byte[]> inputs = new ArrayList<>();

  /**
   * @param folder of the inputs, named from the module's folder
   * @param nanos a clock: an input that takes long is a finding, too
   */
  public Fuzz(Path folder, LongSupplier nanos, Target target) {
    this.folder = folder;
    this.nanos = nanos;
    this.target = target;
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        inputs.add(Files.readAllBytes(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (inputs.isEmpty()) {
      throw new IllegalArgumentException(folder + " is empty (expected: inputs to begin with)");
    }
  }

  /** Feeds the inputs as they are. */
  public void replay() {
    inputs.forEach(this::feed);
  }

  /** Feeds so many changed inputs. */
  public void mutate(int count, RandomGenerator random) {
    for (int i = 0; i < count; i++) {
      feed(changed(random));
    }
  }

  /** Feeds changed inputs for a while; answers how many. */
  public long mutate(long seconds, RandomGenerator random) {
    long end = nanos.getAsLong() + TimeUnit.SECONDS.toNanos(seconds);
    long count = 0;
    while (nanos.getAsLong() - end < 0) {
      mutate(100, random);
      count += 100;
    }
    return count;
  }

  private void feed(byte[] input) {
    long begin = nanos.getAsLong();
    try {
      target.feed(input.clone());
    } catch (Exception | AssertionError | StackOverflowError e) {
      throw new AssertionError("input kept in " + keep(input) + ": " + e, e);
    }
    if (nanos.getAsLong() - begin > LONG_NANOS) {
      throw new AssertionError("input kept in " + keep(input) + ": took more than 2 s");
    }
  }

  private Path keep(byte[] input) {
    Path file = folder.resolve("found-" + Integer.toHexString(Arrays.hashCode(input)));
    try {
      return Files.write(file, input);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] changed(RandomGenerator random) {
    byte[] bytes = inputs.get(random.nextInt(inputs.size())).clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      bytes = changedOnce(bytes, random);
    }
    return bytes;
  }

  private byte[] changedOnce(byte[] bytes, RandomGenerator random) {
    int at = random.nextInt(bytes.length + 1);
    int length = Math.min(bytes.length - at, 1 + random.nextInt(16));
    return switch (random.nextInt(7)) {
      case 0 -> flipped(bytes, at, 1 << random.nextInt(8));
      case 1 -> replaced(bytes, at, length, new byte[] {special(random)});
      case 2 -> replaced(bytes, at, length, new byte[0]);
      case 3 -> replaced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + length));
      case 4 -> {
        byte[] other = inputs.get(random.nextInt(inputs.size()));
        int from = random.nextInt(other.length + 1);
        int until = Math.min(other.length, from + 1 + random.nextInt(64));
        yield replaced(bytes, at, length, Arrays.copyOfRange(other, from, until));
      }
      case 5 -> Arrays.copyOf(bytes, at);
      default -> {
        byte[] same = new byte[1 + random.nextInt(random.nextInt(8) == 0 ? 4000 : 40)];
        Arrays.fill(same, special(random));
        yield replaced(bytes, at, 0, same);
      }
    };
  }

  private static byte special(RandomGenerator random) {
    return (byte)
        (random.nextBoolean() ? SPECIAL[random.nextInt(SPECIAL.length)] : random.nextInt());
  }

  private static byte[] flipped(byte[] bytes, int at, int bit) {
    if (at < bytes.length) {
      bytes[at] ^= (byte) bit;
    }
    return bytes;
  }

  private static byte[] replaced(byte[] bytes, int at, int length, byte[] by) {
    byte[] result = new byte[Math.min(BYTES_MAX, bytes.length - length + by.length)];
    for (int i = 0; i < result.length; i++) {
      result[i] =
          i < at ? bytes[i] : i < at + by.length ? by[i - at] : bytes[i - by.length + length];
    }
    return result;
  }
}
