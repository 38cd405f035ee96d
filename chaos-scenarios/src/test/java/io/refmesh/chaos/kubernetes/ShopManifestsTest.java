package io.refmesh.chaos.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.chaos.mesh.ShopFolder;
import io.refmesh.chaos.scenario.Catalogue;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.FolderRegistry;
import io.refmesh.local.process.RefmeshHome;
import io.refmesh.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.dataformat.yaml.YAMLMapper;

final class ShopManifestsTest {

  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

  private final ShopManifests manifests = new ShopManifests("shop:1", "e2e:1");

  @TempDir private Path folder;

  @Test
  void theShopOfTheDefaultGroupIsTheSameOnAClusterAsInLocalMode() throws Exception {
    ShopFolder.write(
        new RefmeshHome(HOME, Path.of("java"), false), folder, Catalogue.topology("default"), 7);
    List<String> documents = new ArrayList<>();
    for (ShopManifests.Manifest manifest : manifests.of(contents())) {
      documents.add(new YAMLMapper().writeValueAsString(manifest.json()));
    }
    Golden.assertMatches(
        Path.of("src/test/resources/golden/kubernetes/shop.yaml"), String.join("", documents));
  }

  @Test
  void theNamespaceIsMadeFirstAndEverythingElseIsInIt() throws Exception {
    ShopFolder.write(
        new RefmeshHome(HOME, Path.of("java"), false), folder, Catalogue.topology("default"), 7);
    List<ShopManifests.Manifest> all = manifests.of(contents());
    assertThat(all.getFirst().path()).isEqualTo("/api/v1/namespaces/shop");
    assertThat(all.subList(1, all.size()))
        .allSatisfy(manifest -> assertThat(manifest.path()).contains("/namespaces/shop/"));
  }

  @Test
  void aWorkloadThatIsNotOfTheShopIsRefused() throws Exception {
    Files.writeString(
        folder.resolve("other.yaml"),
        """
        apiVersion: refmesh.io/v1alpha1
        kind: Workload
        metadata: {name: other, namespace: shop, labels: {app: other}}
        spec: {command: [sleep, infinity], serviceAccount: other, replicas: 1}
        """);
    assertThatThrownBy(() -> manifests.of(contents()))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "workload other: sleep infinity (expected: demo-shop.jar and a role, since pods run the"
                + " image of the shop)");
  }

  private Contents contents() {
    try (FolderRegistry registry = new FolderRegistry(folder)) {
      return registry.load();
    }
  }
}
