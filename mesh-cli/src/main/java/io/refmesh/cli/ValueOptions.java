package io.refmesh.cli;

import io.refmesh.cli.install.BadValueException;
import io.refmesh.cli.install.Values;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The values of an installation as arguments: files first, then the flags, then {@code --set}. */
final class ValueOptions {

  @Option(
      names = "--values",
      paramLabel = "FILE",
      description = "YAML with values, as kind-config/values.yaml lists them; may be repeated.")
  private List<Path> files = List.of();

  @Option(
      names = "--set",
      paramLabel = "NAME=VALUE",
      description = "One value, such as resources.limits.memory=1Gi; may be repeated.")
  private List<String> single = List.of();

  @Option(
      names = "--ha",
      description = "Survive the loss of a node: two replicas, a disruption budget, spread out.")
  private boolean highAvailability;

  @Option(names = "--replicas", paramLabel = "N", description = "Control planes that run.")
  private Optional<String> replicas = Optional.empty();

  @Option(
      names = "--trust-domain",
      paramLabel = "DOMAIN",
      description = "What identities begin with.")
  private Optional<String> trustDomain = Optional.empty();

  @Option(
      names = "--control-image",
      paramLabel = "IMAGE",
      description = "Image of the control plane.")
  private Optional<String> controlImage = Optional.empty();

  @Option(names = "--proxy-image", paramLabel = "IMAGE", description = "Image of the sidecars.")
  private Optional<String> proxyImage = Optional.empty();

  /** {@code values}, and over them what was given. */
  Values over(Values values) throws IOException {
    for (Path file : files) {
      if (!Files.isRegularFile(file)) {
        throw new BadValueException("--values: " + file + " is not a file (expected: YAML)");
      }
      values = values.with(file);
    }
    if (highAvailability) {
      values = values.with("--ha", "highAvailability", "true").with("--ha", "replicas", "2");
    }
    values = with(values, "--replicas", "replicas", replicas);
    values = with(values, "--trust-domain", "trustDomain", trustDomain);
    values = with(values, "--control-image", "images.control", controlImage);
    values = with(values, "--proxy-image", "images.proxy", proxyImage);
    for (String one : single) {
      int equals = one.indexOf('=');
      if (equals < 0) {
        throw new BadValueException("--set: " + one + " (expected: NAME=VALUE)");
      }
      values = values.with("--set", one.substring(0, equals), one.substring(equals + 1));
    }
    return values;
  }

  private static Values with(Values values, String flag, String name, Optional<String> given)
      throws BadValueException {
    return given.isEmpty() ? values : values.with(flag, name, given.get());
  }
}
