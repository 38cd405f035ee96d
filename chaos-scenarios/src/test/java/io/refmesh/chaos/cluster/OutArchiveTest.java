package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OutArchiveTest {

  @TempDir private Path folder;

  @Test
  void theFolderOfTheRunIsBroughtAndNothingBesideIt() throws IOException {
    assertThat(
            OutArchive.unpack(
                archive(Map.of("./", "", "./.lock", "", "./run/", "", "./run/load/x", "y")),
                folder))
        .contains(folder.resolve("run"));
    assertThat(folder.resolve("run/load/x")).hasContent("y");
    assertThat(folder.resolve(".lock")).doesNotExist();
    assertThat(Files.exists(folder.resolve("latest"))).isFalse();
  }

  @Test
  void aNameThatLeadsOutOfTheFolderIsRefused() {
    assertThatThrownBy(() ->
            OutArchive.unpack(archive(Map.of("./run/../../evil/x", "y")), folder.resolve("in")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("../../evil/x");
    assertThat(folder.resolve("evil")).doesNotExist();
  }

  @Test
  void anArchiveThatWasCutIsNoticed() throws IOException {
    byte[] whole = archive(Map.of("./run/x", "y".repeat(5_000))).readAllBytes();

    assertThatThrownBy(
            () -> OutArchive.unpack(new ByteArrayInputStream(whole, 0, whole.length - 12), folder))
        .isInstanceOf(IOException.class);
  }

  private static InputStream archive(Map<String, String> files) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
      TarArchiveEntry link = new TarArchiveEntry("./latest", TarConstants.LF_SYMLINK);
      link.setLinkName("run");
      tar.putArchiveEntry(link);
      tar.closeArchiveEntry();
      for (Map.Entry<String, String> file : new TreeMap<>(files).entrySet()) {
        TarArchiveEntry entry = new TarArchiveEntry(file.getKey(), true);
        byte[] content = file.getValue().getBytes(StandardCharsets.UTF_8);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }
}
