package io.refmesh.chaos.run;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * Everything random of a run follows from its one seed: who draws gets a seed of his own, by name.
 */
public record Seeds(long run) {

  /**
   * The same for the same run and names; never negative, so that it fits wherever a number is asked
   * for.
   */
  public long of(String... names) {
    CRC32C hash = new CRC32C();
    hash.update(String.join("/", names).getBytes(StandardCharsets.UTF_8));
    // The finishing steps of SplitMix64: near seeds give far results.
    long mixed = run + 0x9e3779b97f4a7c15L * (hash.getValue() + 1);
    mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return (mixed ^ (mixed >>> 31)) & Long.MAX_VALUE;
  }
}
