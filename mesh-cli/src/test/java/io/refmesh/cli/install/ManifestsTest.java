package io.refmesh.cli.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.testkit.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

final class ManifestsTest {

  private static final Path HOME = Path.of("..");
  private static final Path GOLDEN = Path.of("src/test/resources/install");

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private final Manifests manifests = of();
  private final Values values = defaults();

  @Test
  void rendersTheDefaults() throws Exception {
    Golden.assertMatches(
        GOLDEN.resolve("default.yaml"), manifests.install(values, Manifests.Part.WITHOUT_CRDS));
  }

  @Test
  void rendersAnInstallationThatSurvivesANode() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("values.yaml"),
            """
            replicas: 2
            highAvailability: true
            trustDomain: example.org
            images: {control: "registry.example.org/refmesh/control:1.2", pullPolicy: Always}
            resources: {requests: {cpu: 500m}, limits: {memory: 1Gi}}
            webhook: {injectFailurePolicy: Fail, timeoutSeconds: 5}
            """);
    Golden.assertMatches(
        GOLDEN.resolve("ha.yaml"),
        manifests.install(values.with(file), Manifests.Part.WITHOUT_CRDS));
  }

  @Test
  void deletesWhatItInstallsLastFirst() throws Exception {
    String text = manifests.uninstall(values.everything(), Manifests.Part.WITHOUT_CRDS);
    Golden.assertMatches(GOLDEN.resolve("uninstall.yaml"), text);
    assertThat(text.indexOf("WebhookConfiguration")).isLessThan(text.indexOf("kind: Deployment"));
    assertThat(text).endsWith("kind: Namespace\nmetadata:\n  name: refmesh-system\n");
  }

  @Test
  void saysTheSameForTheSameValues() throws Exception {
    assertThat(of().install(defaults(), Manifests.Part.ALL))
        .isEqualTo(manifests.install(values, Manifests.Part.ALL));
  }

  @Test
  void everyPartIsInTheWhole() throws Exception {
    List<JsonNode> all = manifests.objects(values, Manifests.Part.ALL);
    assertThat(all).containsAll(manifests.objects(values, Manifests.Part.CRDS));
    assertThat(all).containsAll(manifests.objects(values, Manifests.Part.WITHOUT_CRDS));
    assertThat(all.getFirst().path("kind").asString()).isEqualTo("Namespace");
  }

  @Test
  void noFileOfTheControlPlaneIsForgotten() throws Exception {
    List<String> known = new ArrayList<>(Manifests.CONTROL_PLANE);
    known.add("namespace.yaml");
    try (Stream<Path> files = Files.list(HOME.resolve("kind-config/templates"))) {
      assertThat(files.map(file -> String.valueOf(file.getFileName())))
          .containsExactlyInAnyOrderElementsOf(known);
    }
  }

  @Test
  void theImagesAreThoseOfThisVersion() throws Exception {
    Matcher version =
        Pattern.compile("<version>(.*?)(-SNAPSHOT)?</version>")
            .matcher(Files.readString(HOME.resolve("pom.xml")));
    assertThat(version.find()).isTrue();
    for (String file : List.of("values.yaml", "examples/shop.yaml", "examples/clients.yaml")) {
      Matcher images =
          Pattern.compile("refmesh/[a-z-]+:(\\S+)")
              .matcher(Files.readString(HOME.resolve("kind-config").resolve(file)));
      int found = 0;
      while (images.find()) {
        found++;
        assertThat(images.group(1)).as(file).isEqualTo(version.group(1));
      }
      assertThat(found).as(file).isPositive();
    }
    assertThat(manifests.version()).isEqualTo(version.group(1));
    assertThat(Files.readString(HOME.resolve("kind-config/Chart.yaml")))
        .contains("\nversion: " + version.group(1) + "\n");
  }

  @Test
  void keepsEveryValueOfTheInstallation() throws Exception {
    JsonNode kept = kept(values);
    assertThat(kept.path("data").propertyNames()).containsExactlyInAnyOrderElementsOf(Values.NAMES);
    Values changed =
        values.with("--set", "replicas", "3").with("--set", "images.proxy", "mine/proxy:7");
    Installation installation = Installation.of(kept(changed), values);
    assertThat(installation.version()).isEqualTo(manifests.version());
    assertThat(manifests.install(installation.values(), Manifests.Part.ALL))
        .isEqualTo(manifests.install(changed, Manifests.Part.ALL));
  }

  @Test
  void anUpgradeMovesTheImagesOfThisVersionAndLeavesOthers() throws Exception {
    Installation installed =
        new Installation("0.1.0", values.with("--set", "images.control", "mine/control:2026"));
    Values next = installed.upgradedTo("0.2.0");
    assertThat(next.text("images.proxy")).isEqualTo("refmesh/proxy:0.2.0");
    assertThat(next.text("images.control")).isEqualTo("mine/control:2026");
  }

  @ParameterizedTest
  @CsvSource({"0.1.0, 0.1.0", "0.1.0, 0.1.1", "0.1.3, 0.2.0", "0.9.0, 1.0.0"})
  void upgradesToThisAndTheNextMinorVersion(String from, String to) throws Exception {
    assertThat(new Installation(from, values).upgradedTo(to)).isNotNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0.2.0, 0.1.9, no way back is tested",
    "0.1.2, 0.1.1, no way back is tested",
    "1.0.0, 0.9.0, no way back is tested",
    "0.1.0, 0.3.0, upgrade to those between first",
    "0.1.0, 2.0.0, upgrade to those between first"
  })
  void refusesAnUpgradeThatGoesBackOrTooFar(String from, String to, String reason) {
    assertThatThrownBy(() -> new Installation(from, values).upgradedTo(to))
        .isInstanceOf(BadValueException.class)
        .hasMessageContaining(from + " is installed")
        .hasMessageContaining(reason);
  }

  @Test
  void anUpgradeDoesNotChangeTheTrustDomain() throws Exception {
    Installation installed = new Installation("0.1.0", values);
    assertThatThrownBy(() -> installed.allowed(values.with("--set", "trustDomain", "example.org")))
        .isInstanceOf(BadValueException.class)
        .hasMessageContaining("example.org (expected: cluster.local, as installed");
  }

  private JsonNode kept(Values with) throws IOException {
    return manifests.objects(with, Manifests.Part.WITHOUT_CRDS).stream()
        .filter(object ->
            object.path("metadata").path("name").asString().equals("refmesh-installation"))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          replicas                    | 0                | 1 to 99
          replicas                    | many             | 1 to 99
          highAvailability            | yes              | true or false
          trustDomain                 | Example.org      | a domain in lower case
          images.control              | a b              | an image
          images.proxy                | 'x evil: 1'  | an image
          images.pullPolicy           | Sometimes        | IfNotPresent, Always or Never
          resources.limits.memory     | 512              | memory such as
          webhook.timeoutSeconds      | 31               | 1 to 30
          webhook.injectFailurePolicy | Open             | Ignore or Fail
          """)
  void namesValueAndWhatWasExpected(String name, String value, String expected) {
    assertThatThrownBy(() -> values.with("--set", name, value))
        .isInstanceOf(BadValueException.class)
        .hasMessageStartingWith("--set: " + name + ": ")
        .hasMessageContaining(expected);
  }

  @Test
  void refusesAValueThatThereIsNot() throws Exception {
    Path file = Files.writeString(folder.resolve("values.yaml"), "image: {proxy: a}\n");
    assertThatThrownBy(() -> values.with(file))
        .isInstanceOf(BadValueException.class)
        .hasMessageContaining("image.proxy is not a value of an installation")
        .hasMessageContaining("images.proxy");
  }

  @Test
  void takesAnEmptyFileForNothing() throws Exception {
    Path file = Files.writeString(folder.resolve("values.yaml"), "# nothing yet\n");
    assertThat(manifests.install(values.with(file), Manifests.Part.ALL))
        .isEqualTo(manifests.install(values, Manifests.Part.ALL));
  }

  @Test
  void refusesAConditionThatDoesNotEnd() {
    assertThatThrownBy(
            () -> Template.render("{{- if .Values.highAvailability }}\na: 1\n", values, "0.1.0"))
        .hasMessageContaining("does not end");
    assertThatThrownBy(
            () -> Template.render("a: {{ .Values.replicas | upper }}\n", values, "0.1.0"))
        .hasMessageContaining("is not understood");
  }

  private static Manifests of() {
    try {
      return Manifests.of(HOME);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Values defaults() {
    try {
      return of().defaults();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
