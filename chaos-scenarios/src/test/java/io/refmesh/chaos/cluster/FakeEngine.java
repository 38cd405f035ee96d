package io.refmesh.chaos.cluster;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** An engine that knows what is put into it and remembers what it was told to do. */
final class FakeEngine implements Engine {

  final Map<String, String> images = new HashMap<>();
  final Set<String> registry = new HashSet<>();
  final List<Container> containers = new ArrayList<>();
  final List<String> volumes = new ArrayList<>();

  /** What a program says, by the words of its command line; a program not in here fails. */
  final Map<String, Said> programs = new HashMap<>();

  final List<String> ran = new ArrayList<>();
  final List<String> read = new ArrayList<>();
  long memory = 16L << 30;

  static Container container(String name, Map<String, String> labels) {
    return new Container("id-of-" + name, name, labels);
  }

  @Override
  public String version() {
    return "28.0.0";
  }

  @Override
  public long memoryBytes() {
    return memory;
  }

  @Override
  public Optional<String> imageId(String image) {
    return Optional.ofNullable(images.get(image));
  }

  @Override
  public void pull(String image) throws IOException {
    if (!registry.contains(image)) {
      throw new IOException("no registry answers");
    }
    images.put(image, "sha256:" + image.hashCode());
  }

  @Override
  public InputStream save(List<String> images) {
    return new ByteArrayInputStream(String.join(" ", images).getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public List<Container> containers() {
    return List.copyOf(containers);
  }

  @Override
  public List<String> volumes() {
    return List.copyOf(volumes);
  }

  @Override
  public Said run(Container container, InputStream input, String... command) throws IOException {
    String line = container.name() + ": " + String.join(" ", command);
    ran.add(line);
    read.add(new String(input.readAllBytes(), StandardCharsets.UTF_8));
    return programs.getOrDefault(String.join(" ", command), new Said(1, "no such thing"));
  }

  @Override
  public String address(Container container, int port) {
    return "127.0.0.1:" + (port + 1);
  }

  @Override
  public void remove(Container container) {
    containers.remove(container);
  }

  @Override
  public void removeVolume(String name) {
    volumes.remove(name);
  }
}
