package io.refmesh.control.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the page on resources shows must be readable, and must show every field there is. */
class ResourcesPageTest {

  private static final Path PAGE = Path.of("../docs/reference/resources.md");
  private static final Pattern BLOCK = Pattern.compile("(?s)```yaml\n(.*?)```");

  @Test
  void everyExampleIsRead() throws IOException {
    List<String> blocks = blocks();
    assertThat(blocks).hasSizeGreaterThanOrEqualTo(2);
    for (String block : blocks) {
      // A hash may be shown beside what needs another algorithm.
      ParseResult result = ResourceParser.parse(PAGE, block.replace("peak-ewma", "ring-hash"));
      assertThat(result.problems()).as(block).isEmpty();
      assertThat(result.resources()).as(block).isNotEmpty();
    }
  }

  @Test
  void showsEveryFieldOfAResiliencePolicy() throws ReflectiveOperationException, IOException {
    String block =
        blocks().stream()
            .filter(b -> b.contains("kind: ResiliencePolicy"))
            .findFirst()
            .orElseThrow();
    ResiliencePolicy policy =
        (ResiliencePolicy)
            ResourceParser.parse(PAGE, block.replace("peak-ewma", "ring-hash"))
                .resources()
                .getFirst();
    List<String> left = new ArrayList<>();
    for (RecordComponent part : ResiliencePolicy.Settings.class.getRecordComponents()) {
      Object fields = part.getAccessor().invoke(policy.settings());
      for (RecordComponent field : part.getType().getRecordComponents()) {
        if (((Optional<?>) field.getAccessor().invoke(fields)).isEmpty()) {
          left.add(part.getName() + "." + field.getName());
        }
      }
    }
    assertThat(left).as("fields that the page does not show").isEmpty();
  }

  private static List<String> blocks() throws IOException {
    List<String> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(Files.readString(PAGE));
    while (matcher.find()) {
      blocks.add(matcher.group(1));
    }
    return blocks;
  }
}
