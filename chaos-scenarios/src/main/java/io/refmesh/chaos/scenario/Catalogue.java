package io.refmesh.chaos.scenario;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The scenarios that come with Refmesh, and those that a user names by file. */
public final class Catalogue {

  /** In the order in which they run: quick ones first, groups together. */
  public static final List<String> NAMES =
      List.of(
          "policy-denies",
          "rate-limit",
          "split-and-mirror",
          "injected-fault",
          "slow-backend",
          "flaky-backend",
          "retry-storm",
          "one-bad-replica",
          "black-hole",
          "reset-mid-body",
          "mtls-everywhere",
          "rolling-restart",
          "control-plane-away",
          "leaf-rotation");

  private Catalogue() {}

  /**
   * The named scenarios in the order of the catalogue, or all of them; a name that ends in {@code
   * .yaml} is a file of the user's.
   *
   * @throws BadScenarioException when a name is unknown or a scenario cannot be understood
   */
  public static List<Scenario> select(List<String> wanted)
      throws BadScenarioException, IOException {
    List<String> mistakes = new ArrayList<>();
    List<Scenario> files = new ArrayList<>();
    List<Scenario> selected = new ArrayList<>();
    for (String name : wanted) {
      if (name.endsWith(".yaml") || name.endsWith(".yml")) {
        Path file = Path.of(name);
        if (Files.isReadable(file)) {
          files.add(ScenarioReader.read(name, Files.readString(file)));
        } else {
          mistakes.add("scenario " + name + ": no such file (expected: a file that can be read)");
        }
      } else if (!NAMES.contains(name)) {
        mistakes.add(
            "scenario "
                + name
                + ": not in the catalogue (expected: one of "
                + String.join(", ", NAMES)
                + ", or a .yaml file)");
      }
    }
    if (!mistakes.isEmpty()) {
      throw new BadScenarioException(mistakes);
    }
    for (String name : NAMES) {
      if (wanted.isEmpty() || wanted.contains(name)) {
        selected.add(load(name));
      }
    }
    selected.addAll(files);
    return selected;
  }

  public static Scenario load(String name) throws BadScenarioException, IOException {
    return ScenarioReader.read(name + ".yaml", resource("/catalogue/" + name + ".yaml"));
  }

  /** The topology of a group. */
  public static Topology topology(String group) throws BadScenarioException, IOException {
    String resource = "/catalogue/groups/" + group + ".yaml";
    if (!group.matches("[a-z0-9-]+") || Catalogue.class.getResource(resource) == null) {
      throw new BadScenarioException(
          List.of(
              "topology.group: \""
                  + group
                  + "\" (expected: a group of the catalogue, such as default)"));
    }
    return TopologyReader.read(group + ".yaml", resource(resource));
  }

  private static String resource(String path) throws IOException {
    try (InputStream stream = Catalogue.class.getResourceAsStream(path)) {
      if (stream == null) {
        throw new IOException(
            path
                + " is missing from the class path (expected: the built jar of chaos-scenarios);"
                + " run `make build`");
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
