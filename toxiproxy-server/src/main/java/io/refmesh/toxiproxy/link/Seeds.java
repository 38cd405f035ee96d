package io.refmesh.toxiproxy.link;

/**
 * Derives seeds from seeds, so that each connection, direction and toxic draws for itself and the
 * same every time.
 */
public final class Seeds {
  private Seeds() {}

  /** A seed for {@code part} of what {@code seed} stands for; the mixing is that of SplitMix64. */
  public static long mix(long seed, long part) {
    long z = seed + 0x9E3779B97F4A7C15L * (part + 1);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
