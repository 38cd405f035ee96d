package io.refmesh.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.local.process.RefmeshHome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CommandTest {

  @TempDir private Path root;

  @Test
  void replacesVariablesAsKubernetesDoes() throws Exception {
    assertThat(
            command()
                .expand(
                    List.of("run", "--port=$(PORT)", "$(MISSING)", "$HOME"), Map.of("PORT", "80")))
        .containsExactly("run", "--port=80", "$(MISSING)", "$HOME");
  }

  @Test
  void runsJavaOnTheJvmOfTheMeshAndFindsItsOwnJars() throws Exception {
    Path jar =
        Files.createDirectories(root.resolve("home/demo-shop/target")).resolve("demo-shop.jar");
    Files.createFile(jar);
    assertThat(command().expand(List.of("java", "-jar", "demo-shop.jar", "cart"), Map.of()))
        .containsExactly("/jdk/bin/java", "-jar", jar.toString(), "cart");
    assertThat(
            command().expand(List.of("java", "-jar", "demo-shop/target/demo-shop.jar"), Map.of()))
        .containsExactly("/jdk/bin/java", "-jar", jar.toString());
  }

  @Test
  void prefersAJarOfTheFolder() throws Exception {
    Files.createFile(Files.createDirectories(root.resolve("folder")).resolve("demo-shop.jar"));
    assertThat(command().expand(List.of("java", "-jar", "demo-shop.jar"), Map.of()))
        .endsWith("demo-shop.jar");
  }

  private Command command() throws Exception {
    return new Command(
        new RefmeshHome(root.resolve("home"), Path.of("/jdk/bin/java"), false),
        Files.createDirectories(root.resolve("folder")));
  }

  @Test
  void startsItsOwnJarsFromTheirAotCache() throws Exception {
    Path target = Files.createDirectories(root.resolve("home/demo-shop/target"));
    Path jar = Files.createFile(target.resolve("demo-shop.jar"));
    Path cache = Files.createFile(target.resolve("demo-shop.aot"));
    assertThat(command().expand(List.of("java", "-Xmx64m", "-jar", "demo-shop.jar"), Map.of()))
        .containsSubsequence("-Xmx64m", "-XX:AOTCache=" + cache, "-jar", jar.toString());
    Files.createFile(root.resolve("folder/other.jar"));
    Files.createFile(root.resolve("folder/other.aot"));
    assertThat(command().expand(List.of("java", "-jar", "other.jar"), Map.of()))
        .containsExactly("/jdk/bin/java", "-jar", "other.jar");
  }
}
