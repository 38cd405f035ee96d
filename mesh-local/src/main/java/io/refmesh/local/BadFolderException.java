package io.refmesh.local;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The folder's YAML cannot be understood; nothing was started. */
public final class BadFolderException extends IOException {

  private static final long serialVersionUID = 1L;

  BadFolderException(Path folder, List<String> problems) {
    super(folder + " cannot be used:\n" + String.join("\n", problems));
  }
}
