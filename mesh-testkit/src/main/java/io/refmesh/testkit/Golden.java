package io.refmesh.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Texts that people read or programs parse, kept as files; {@code -Dgolden.update} writes them, and
 * the diff is reviewed.
 */
public final class Golden {

  private static final String UPDATE = "golden.update";

  private Golden() {}

  /** Compares with a file, named from the module's folder. */
  public static void assertMatches(Path file, String actual) {
    assertMatches(file, actual, System.getProperty(UPDATE) != null);
  }

  static void assertMatches(Path file, String actual, boolean update) {
    try {
      if (update) {
        Path folder = file.getParent();
        if (folder != null) {
          Files.createDirectories(folder);
        }
        Files.writeString(file, actual);
        return;
      }
      assertThat(file).as("golden file; write it with -D" + UPDATE).exists();
      assertThat(actual)
          .as("differs from " + file + "; if meant, write it with -D" + UPDATE)
          .isEqualTo(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
