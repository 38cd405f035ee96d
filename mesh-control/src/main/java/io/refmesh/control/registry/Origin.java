package io.refmesh.control.registry;

/**
 * Where an object was read. In a folder, which knows no creation time, "older" means earlier by
 * file name, then by place in the file.
 *
 * @param file name within the folder; empty for an object of an API server
 * @param document place in the file, first is 0
 * @param line first line of the document, first is 1; 0 outside of files
 */
public record Origin(String file, int document, int line) implements Comparable<Origin> {

  /** Of everything that an API server holds, and of defaults. */
  public static final Origin NO_FILE = new Origin("", 0, 0);

  @Override
  public int compareTo(Origin other) {
    int order = file.compareTo(other.file);
    return order != 0 ? order : Integer.compare(document, other.document);
  }
}
