package io.refmesh.control.registry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A folder of YAML files as the source of truth: {@code *.yaml} and {@code *.yml}, not of folders
 * below it. A change takes effect within a second. {@link #load} reads on the caller's thread;
 * after {@link #watch} the listener is called from one thread of the registry's own, only when the
 * contents changed.
 */
public final class FolderRegistry implements AutoCloseable {

  /** More files than this in one folder are a mistake; the first by name count. */
  static final int FILES_MAX = 1_000;

  private final Path folder;
  private final LastGood lastGood =
      new LastGood((name, text) -> ResourceParser.parse(Path.of(name), text));
  private Contents contents = Contents.EMPTY;
  private final FolderWatch watch;

  /** Nothing is read before {@link #load}. */
  public FolderRegistry(Path folder) {
    this.folder = folder;
    this.watch = new FolderWatch(folder, FolderRegistry::isYaml);
  }

  /** Reads the folder now. */
  public synchronized Contents load() {
    Map<String, String> texts = new TreeMap<>();
    Map<String, Problem> unreadable = new TreeMap<>();
    TreeMap<String, Path> files = new TreeMap<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, FolderRegistry::isYaml)) {
      stream.forEach(file -> files.put(file.getFileName().toString(), file));
    } catch (IOException e) {
      contents = withFolderProblem(contents, e);
      return contents;
    }
    while (files.size() > FILES_MAX) {
      String name = files.pollLastEntry().getKey();
      unreadable.put(
          name,
          unreadable(
              name, "is not read (expected: at most " + FILES_MAX + " files in the folder)"));
    }
    files.forEach((name, file) -> {
      try {
        long size = Files.size(file);
        if (size > ResourceParser.CHARACTERS_MAX) {
          unreadable.put(
              name,
              unreadable(
                  name,
                  size
                      + " bytes (expected: at most "
                      + ResourceParser.CHARACTERS_MAX
                      + "; split the file)"));
          return;
        }
        texts.put(
            name,
            StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                .toString());
      } catch (CharacterCodingException e) {
        unreadable.put(name, unreadable(name, "is not UTF-8 (expected: text in UTF-8)"));
      } catch (NoSuchFileException e) {
        // Removed since it was listed: as if it had not been there.
      } catch (IOException e) {
        unreadable.put(
            name,
            unreadable(
                name, "cannot be read: " + e + " (expected: a file that this user may read)"));
      }
    });
    contents = lastGood.update(texts, unreadable);
    return contents;
  }

  /** Starts to watch; the listener gets every change after what {@link #load} returned last. */
  public void watch(Consumer<Contents> listener) {
    watch.start(() -> {
      Contents before;
      Contents after;
      synchronized (this) {
        before = contents;
        after = load();
      }
      if (!after.equals(before)) {
        listener.accept(after);
      }
    });
  }

  /** Stops the watching thread; the listener is not called afterwards. */
  @Override
  public void close() {
    watch.close();
  }

  static boolean isYaml(Path file) {
    String name = file.getFileName().toString();
    return (name.endsWith(".yaml") || name.endsWith(".yml"))
        && !name.startsWith(".")
        && !Files.isDirectory(file);
  }

  private static Problem unreadable(String name, String message) {
    return new Problem(name, 0, 0, name, "", message);
  }

  // The last good state stays when the folder itself cannot be read: somebody may be moving it.
  private Contents withFolderProblem(Contents last, IOException e) {
    Problem problem =
        new Problem(
            "",
            0,
            0,
            folder.toString(),
            "",
            "cannot be read: "
                + e
                + " (expected: a folder with *.yaml files; what it said last still holds)");
    return last.problems().contains(problem)
        ? last
        : new Contents(
            last.resources(), Stream.concat(last.problems().stream(), Stream.of(problem)).toList());
  }
}
