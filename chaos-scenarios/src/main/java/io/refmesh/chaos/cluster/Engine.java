package io.refmesh.chaos.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A Docker engine, as far as the harness needs it. Blocking. */
interface Engine {

  /**
   * @param name without the slash that Docker puts before it
   */
  record Container(String id, String name, Map<String, String> labels) {}

  /** What a program in a container said, on both of its streams. */
  record Said(int code, String text) {}

  /** Says whether it answers: its version. */
  String version() throws IOException;

  /** What containers have together. */
  long memoryBytes() throws IOException;

  /** By content; empty when the engine has no image of that name. */
  Optional<String> imageId(String image) throws IOException;

  void pull(String image) throws IOException;

  /** An archive of images; the caller closes it. */
  InputStream save(List<String> images) throws IOException;

  /** All of them, also those that have ended. */
  List<Container> containers() throws IOException;

  List<String> volumes() throws IOException;

  /** Runs a program in a container; {@code input} is read to its end, and not closed. */
  Said run(Container container, InputStream input, String... command)
      throws IOException, InterruptedException;

  /** Where a port of a container is reached from this machine, {@code host:port}. */
  String address(Container container, int port) throws IOException;

  /** With the volumes that have no name. No error when it is gone. */
  void remove(Container container) throws IOException;

  /** No error when it is gone. */
  void removeVolume(String name) throws IOException;
}
