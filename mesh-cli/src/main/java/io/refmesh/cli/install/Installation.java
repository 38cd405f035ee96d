package io.refmesh.cli.install;

import java.io.IOException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * What a cluster says of the mesh that it has: the version and the values that were applied. Kept
 * in the ConfigMap {@code refmesh-installation}.
 *
 * @param version such as {@code 0.1.0}
 */
public record Installation(String version, Values values) {

  /** Where the API server has it. */
  public static final String PATH =
      "/api/v1/namespaces/refmesh-system/configmaps/refmesh-installation";

  private static final String WHERE = "ConfigMap refmesh-installation";
  private static final String VERSION = "app.kubernetes.io/version";
  private static final String TRUST_DOMAIN = "trustDomain";
  private static final Pattern NUMBERS =
      Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})\\.([0-9]{1,6})");

  /**
   * Reads the ConfigMap; values that its version did not have yet are those of {@code defaults}.
   *
   * @throws BadValueException when it says what this version does not know
   */
  public static Installation of(JsonNode configMap, Values defaults) throws BadValueException {
    String version = configMap.path("metadata").path("labels").path(VERSION).asString("");
    if (!NUMBERS.matcher(version).matches()) {
      throw new BadValueException(WHERE, "label " + VERSION, version, "a version such as 0.1.0");
    }
    Values values = defaults;
    for (Map.Entry<String, JsonNode> value : configMap.path("data").properties()) {
      values = values.with(WHERE, value.getKey(), value.getValue().asString(""));
    }
    return new Installation(version, values);
  }

  /**
   * The values with which {@code next} is applied over this one: an image that has this version for
   * its tag gets the tag of the next, any other stays.
   *
   * @throws BadValueException when {@code next} is older, or more than one minor version later
   */
  public Values upgradedTo(String next) throws BadValueException {
    Matcher from = numbers(version);
    Matcher to = numbers(next);
    int major = Integer.compare(number(to, 1), number(from, 1));
    int minor = number(to, 2) - number(from, 2);
    int patch = number(to, 3) - number(from, 3);
    if (major < 0 || (major == 0 && (minor < 0 || (minor == 0 && patch < 0)))) {
      throw new BadValueException(
          WHERE, "version", version + " is installed", next + " or earlier: no way back is tested");
    }
    if (number(to, 1) - number(from, 1) > 1 || (major == 0 && minor > 1)) {
      throw new BadValueException(
          WHERE,
          "version",
          version + " is installed",
          "at most one minor version before " + next + ": upgrade to those between first");
    }
    Values upgraded = values;
    for (String name : new String[] {"images.control", "images.proxy"}) {
      String image = values.text(name);
      if (image.endsWith(":" + version)) {
        upgraded =
            upgraded.with(
                WHERE, name, image.substring(0, image.length() - version.length()) + next);
      }
    }
    return upgraded;
  }

  /** {@code changed}, unless it changes what cannot be changed while the mesh runs. */
  public Values allowed(Values changed) throws IOException {
    if (!changed.text(TRUST_DOMAIN).equals(values.text(TRUST_DOMAIN))) {
      throw new BadValueException(
          "upgrade",
          TRUST_DOMAIN,
          changed.text(TRUST_DOMAIN),
          values.text(TRUST_DOMAIN) + ", as installed: identities are fixed with the first root");
    }
    return changed;
  }

  private static Matcher numbers(String version) throws BadValueException {
    Matcher numbers = NUMBERS.matcher(version);
    if (!numbers.matches()) {
      throw new BadValueException("Chart.yaml", "appVersion", version, "a version such as 0.1.0");
    }
    return numbers;
  }

  private static int number(Matcher numbers, int group) {
    return Integer.parseInt(numbers.group(group));
  }
}
