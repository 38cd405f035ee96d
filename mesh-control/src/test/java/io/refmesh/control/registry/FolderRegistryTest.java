package io.refmesh.control.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderRegistryTest {

  @TempDir private Path base;
  private Path folder = Path.of("");
  private FolderRegistry registry = new FolderRegistry(Path.of(""));
  private final LinkedBlockingQueue<Contents> changes = new LinkedBlockingQueue<>();

  @BeforeEach
  void open() throws IOException {
    folder = Files.createDirectory(base.resolve("mesh"));
    registry = new FolderRegistry(folder);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void readsYamlFilesOfTheFolderAndNoOthers() throws IOException {
    write("a.yaml", namespace("a"));
    write("b.yml", namespace("b"));
    write("c.txt", namespace("c"));
    write(".d.yaml", namespace("d"));
    Files.createDirectories(folder.resolve("deeper"));
    Files.writeString(folder.resolve("deeper/e.yaml"), namespace("e"));

    assertThat(names(registry.load())).containsExactly("a", "b");
  }

  @Test
  void tellsOfAddedChangedAndRemovedFilesWithinASecond() throws Exception {
    registry.load();
    registry.watch(changes::add);

    Instant start = Instant.now();
    write("a.yaml", namespace("a"));
    assertThat(names(next(contents -> true))).containsExactly("a");
    assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(1));

    write("a.yaml", namespace("b"));
    assertThat(names(next(contents -> true))).containsExactly("b");

    Files.delete(folder.resolve("a.yaml"));
    assertThat(names(next(contents -> true))).isEmpty();
  }

  @Test
  void takesAFileThatIsWrittenInStepsOnlyOnceItRests() throws Exception {
    registry.load();
    registry.watch(changes::add);

    try (var writer = Files.newBufferedWriter(folder.resolve("a.yaml"))) {
      for (int part = 0; part < 5; part++) {
        writer.write((part == 0 ? "" : "---\n") + namespace("n" + part));
        writer.flush();
      }
    }

    assertThat(names(next(contents -> true))).hasSize(5);
  }

  @Test
  void keepsTheLastGoodVersionOfABrokenFileWhole() throws IOException {
    write("a.yaml", namespace("a") + "---\n" + namespace("b"));
    write("c.yaml", namespace("c"));
    registry.load();

    write("a.yaml", namespace("new") + "---\nkind: Nothing\n");
    write("c.yaml", namespace("d"));
    Contents broken = registry.load();
    assertThat(names(broken)).containsExactly("a", "b", "d");
    assertThat(broken.problems())
        .singleElement()
        .satisfies(p -> assertThat(p.file()).isEqualTo("a.yaml"));

    write("a.yaml", namespace("new"));
    Contents corrected = registry.load();
    assertThat(names(corrected)).containsExactly("new", "d");
    assertThat(corrected.problems()).isEmpty();
  }

  @Test
  void takesWhatIsRightOfAFileThatWasNeverRight() throws IOException {
    write("a.yaml", namespace("a") + "---\nkind: Nothing\n");

    Contents contents = registry.load();

    assertThat(names(contents)).containsExactly("a");
    assertThat(contents.problems()).hasSize(1);
  }

  @Test
  void letsTheFirstOfTwoObjectsOfOneNameHold() throws IOException {
    write("a.yaml", namespace("a"));
    write("b.yaml", "# first line\n" + namespace("a"));

    Contents contents = registry.load();

    assertThat(contents.resources())
        .singleElement()
        .satisfies(r -> assertThat(r.origin().file()).isEqualTo("a.yaml"));
    assertThat(contents.problems().toString()).contains("b.yaml", "is also in a.yaml line 1");
  }

  @Test
  void keepsEverythingWhenTheFolderIsGoneForAWhile() throws IOException {
    write("a.yaml", namespace("a"));
    registry.load();

    Files.move(folder, base.resolve("away"));
    Contents without = registry.load();
    assertThat(names(without)).containsExactly("a");
    assertThat(without.problems()).hasSize(1);

    Files.move(base.resolve("away"), folder);
    assertThat(registry.load().problems()).isEmpty();
  }

  @Test
  void refusesWhatIsNoText() throws IOException {
    Files.write(folder.resolve("a.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});

    assertThat(registry.load().problems().toString()).contains("a.yaml", "not UTF-8");
  }

  @Test
  void writesAndReadsInstances() throws IOException {
    Path file = base.resolve(Instances.FILE);
    assertThat(Instances.read(file)).isEqualTo(Instances.NONE);

    Files.writeString(
        file,
        """
        {"instances":[{"namespace":"shop","workload":"cart","replica":0,"labels":{},"serviceAccount":"cart","zone":"a",
        "address":"127.1.3.1","applicationAddress":"127.1.3.2","ready":true,"draining":false,
        "ports":[{"name":"http","port":8080,"appProtocol":"http"}],"annotations":{},
        "outbound":[{"service":"shop/cart","address":"127.1.3.10"}]}]}
        """);
    Instances read = Instances.read(file);
    assertThat(read.instances()).singleElement().satisfies(i -> assertThat(i.ready()).isTrue());

    Instances.write(file, read);
    assertThat(Instances.read(file)).isEqualTo(read);
  }

  @Test
  void keepsTheInstancesOfABrokenFile() throws IOException {
    Path file = base.resolve(Instances.FILE);
    Instances.write(file, Instances.NONE);
    try (InstancesRegistry instances = new InstancesRegistry(base)) {
      instances.load();
      Files.writeString(file, "{\"instances\":[{}]}");

      InstancesRegistry.State state = instances.load();

      assertThat(state.instances()).isEqualTo(Instances.NONE);
      assertThat(state.problems().toString()).contains("instances.json", "still holds");
    }
  }

  private Contents next(Predicate<Contents> wanted) throws InterruptedException {
    while (true) {
      Contents contents = changes.poll(5, TimeUnit.SECONDS);
      assertThat(contents).as("a change within 5 s").isNotNull();
      if (contents != null && wanted.test(contents)) {
        return contents;
      }
    }
  }

  private static List<String> names(Contents contents) {
    return contents.resources().stream().map(r -> r.metadata().name()).toList();
  }

  private static String namespace(String name) {
    return "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}\n";
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }
}
