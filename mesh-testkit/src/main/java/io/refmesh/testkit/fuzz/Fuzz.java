package io.refmesh.testkit.fuzz;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Whatever reads bytes of others, with a folder of inputs that it has to survive: those that reach
 * its branches, and those that it once did not survive. {@link Jazzer} looks for more of them.
 */
public final class Fuzz {

  /** Takes any bytes and returns; what it throws is a finding. */
  public interface Target {
    void feed(byte[] input) throws Exception;
  }

  private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Path folder;
  private final LongSupplier nanos;
  private final Target target;

  /**
   * @param folder of the inputs, named from the module's folder
   * @param nanos a clock: an input that takes long is a finding, too
   */
  public Fuzz(Path folder, LongSupplier nanos, Target target) {
    this.folder = folder;
    this.nanos = nanos;
    this.target = target;
  }

  Path folder() {
    return folder;
  }

  /** Feeds the folder's inputs as they are. */
  public void replay() {
    List<Path> inputs = Jazzer.files(folder);
    if (inputs.isEmpty()) {
      throw new IllegalArgumentException(folder + " is empty (expected: inputs to begin with)");
    }
    for (Path input : inputs) {
      long begin = nanos.getAsLong();
      feed(input);
      if (nanos.getAsLong() - begin > LONG_NANOS) {
        throw new AssertionError("input " + input + ": took more than 2 s");
      }
    }
  }

  /** Feeds the inputs, however long that takes while classes are loaded. */
  public void warmUp() {
    Jazzer.files(folder).forEach(this::feed);
  }

  /** Feeds one input, as Jazzer does, which keeps it when it is a finding. */
  public void feed(byte[] input) throws Exception {
    target.feed(input);
  }

  private void feed(Path input) {
    try {
      target.feed(Files.readAllBytes(input));
    } catch (Exception | AssertionError | StackOverflowError e) {
      throw new AssertionError("input " + input + ": " + e, e);
    }
  }
}
