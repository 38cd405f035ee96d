package io.refmesh.local;

/**
 * What a person is told while a mesh starts, runs and ends. Called from several threads; must not
 * block for long.
 */
public interface Progress {

  /** Says nothing. */
  Progress SILENT = line -> {};

  void say(String line);
}
