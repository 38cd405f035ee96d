package io.refmesh.chaos.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** {@code OUT/latest}, which leads to the newest run. */
public final class Latest {

  private Latest() {}

  /**
   * Lets it lead to a run, in one step: who looks meanwhile finds the one before.
   *
   * @param run a folder in {@code out}
   */
  public static void point(Path out, Path run) throws IOException {
    Path next = out.resolve(".latest.next");
    Files.deleteIfExists(next);
    Files.createSymbolicLink(next, run.getFileName());
    Files.move(
        next,
        out.resolve("latest"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
