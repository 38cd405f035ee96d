package io.refmesh.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The arrows of ARCHITECTURE.md: between modules, and between the packages of the proxy. */
final class ArchitectureTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.refmesh");

  @Test
  void theModelImportsNothingOfOurs() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.refmesh.model..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.refmesh.proxy..",
                "io.refmesh.control..",
                "io.refmesh.local..",
                "io.refmesh.cli..",
                "io.refmesh.chaos..",
                "io.refmesh.toxiproxy.."));
  }

  @Test
  void proxyAndControlPlaneMeetOnlyInTheModel() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.refmesh.proxy..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.refmesh.control..",
                "io.refmesh.local..",
                "io.refmesh.cli..",
                "io.refmesh.chaos..",
                "io.refmesh.toxiproxy.."));
    check(
        noClasses()
            .that()
            .resideInAPackage("io.refmesh.control..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.refmesh.proxy..",
                "io.refmesh.local..",
                "io.refmesh.cli..",
                "io.refmesh.chaos..",
                "io.refmesh.toxiproxy.."));
  }

  @Test
  void localModeKnowsNeitherScenariosNorTheCommandLine() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.refmesh.local..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.refmesh.cli..", "io.refmesh.chaos..", "io.refmesh.toxiproxy.."));
  }

  @Test
  void toxiproxyStandsAlone() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.refmesh.toxiproxy..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.refmesh.model..",
                "io.refmesh.proxy..",
                "io.refmesh.control..",
                "io.refmesh.local..",
                "io.refmesh.chaos.."));
  }

  @Test
  void loadAndShopDependOnNothingOfOurs() throws IOException {
    for (String module : List.of("load-tests", "demo-shop")) {
      String pom = Files.readString(ROOT.resolve(module).resolve("pom.xml"));
      String dependencies = pom.substring(pom.indexOf("</parent>"));
      assertThat(dependencies).as(module).doesNotContain("<groupId>io.refmesh</groupId>");
    }
  }

  @Test
  void noStepOfAConnectionImportsTheOneThatFollowsIt() {
    List<String> steps = List.of("accept", "detect", "tls", "relay");
    for (int i = 0; i < steps.size(); i++) {
      for (int next = i + 1; next < steps.size(); next++) {
        check(
            noClasses()
                .that()
                .resideInAPackage("io.refmesh.proxy." + steps.get(i) + "..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.refmesh.proxy." + steps.get(next) + "..")
                .allowEmptyShould(true));
      }
    }
  }

  @Test
  void requestStepsImportNothingOfEachOther() {
    List<String> steps = List.of("route", "policy", "resilience", "balance");
    for (String step : steps) {
      for (String other : steps) {
        if (!step.equals(other)) {
          check(
              noClasses()
                  .that()
                  .resideInAPackage("io.refmesh.proxy." + step + "..")
                  .should()
                  .dependOnClassesThat()
                  .resideInAPackage("io.refmesh.proxy." + other + ".."));
        }
      }
    }
  }

  @Test
  void packagesOfAModuleHaveNoCycles() {
    // Not those of mesh-model: they sort one vocabulary of records by subject, and its words refer
    // to each other.
    check(slices().matching("io.refmesh.control.(*)..").should().beFreeOfCycles());
    check(slices().matching("io.refmesh.local.(*)..").should().beFreeOfCycles());
    check(slices().matching("io.refmesh.chaos.(*)..").should().beFreeOfCycles());
  }

  /**
   * Clusters are one source among two: nothing but its package and what starts it knows the client.
   */
  @Test
  void onlyThePackageOfClustersKnowsTheirClient() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.refmesh.control..")
            .and()
            .resideOutsideOfPackage("io.refmesh.control.kubernetes..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.fabric8.."));
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "io.refmesh.chaos.mesh..",
                "io.refmesh.chaos.local..",
                "io.refmesh.chaos.fault..",
                "io.refmesh.chaos.run..",
                "io.refmesh.chaos.observe..",
                "io.refmesh.chaos.scenario..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.fabric8.."));
    check(
        noClasses()
            .that()
            .resideInAnyPackage("io.refmesh.proxy..", "io.refmesh.model..", "io.refmesh.local..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.fabric8.."));
  }

  /** What surrounds the harness's pod knows no scenario, and nothing else knows Docker. */
  @Test
  void onlyTheHostsSideKnowsDocker() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.refmesh..")
            .and()
            .resideOutsideOfPackage("io.refmesh.chaos.cluster..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "org.testcontainers..", "com.dajudge..", "com.github.dockerjava.."));
    check(
        noClasses()
            .that()
            .resideInAPackage("io.refmesh.chaos.cluster..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.refmesh.chaos.scenario..",
                "io.refmesh.chaos.mesh..",
                "io.refmesh.chaos.local..",
                "io.refmesh.chaos.kubernetes..",
                "io.refmesh.chaos.fault.."));
  }

  /** Scenarios, faults and verdicts run on any environment: they know none. */
  @Test
  void theHarnessKnowsNeitherProcessesNorPods() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "io.refmesh.chaos.mesh..",
                "io.refmesh.chaos.fault..",
                "io.refmesh.chaos.observe..",
                "io.refmesh.chaos.run..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.refmesh.chaos.local..", "io.refmesh.chaos.kubernetes.."));
  }

  /**
   * Time comes through constructors: one class per module may ask the system, and it is called so.
   */
  @Test
  void onlyTickersReadTheClockOfTheSystem() {
    check(
        noClasses()
            .that()
            .haveSimpleNameNotEndingWith("Ticker")
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis"));
  }

  /** ARCHITECTURE.md names classes as {@code `LikeThis`}; each must exist. */
  @Test
  void everyClassThatTheArchitectureNamesExists() throws IOException {
    String text = Files.readString(ROOT.resolve("ARCHITECTURE.md"));
    Matcher names = Pattern.compile("`([A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*)`").matcher(text);
    List<String> sources = sourceNames();
    int checked = 0;
    while (names.find()) {
      checked++;
      assertThat(sources)
          .as("class %s, named in ARCHITECTURE.md", names.group(1))
          .contains(names.group(1));
    }
    assertThat(checked).as("classes named in ARCHITECTURE.md").isGreaterThan(20);
  }

  private static List<String> sourceNames() {
    try (Stream<Path> files = Files.walk(ROOT, 20)) {
      return files
          .filter(file -> file.toString().contains("/src/"))
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.endsWith(".java"))
          .map(name -> name.substring(0, name.length() - ".java".length()))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void check(ArchRule rule) {
    rule.check(CLASSES);
  }
}
