package io.refmesh.toxiproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Every difference from the original that the README lists names tests that exist. */
class ReadmeTest {
  private static final Pattern TEST = Pattern.compile("`(\\w+Test)((?:\\.[A-Z]\\w+)?)\\.(\\w+)`");

  @Test
  void everyDifferenceNamesItsTest() throws Exception {
    int rows = 0;
    boolean inTable = false;
    for (String line : Files.readAllLines(Path.of("README.md"))) {
      if (line.startsWith("| | Original | Here | Test |")) {
        inTable = true;
      } else if (inTable && line.startsWith("| ")) {
        rows++;
        assertThat(tests(line)).as(line).isNotEmpty().allSatisfy(ReadmeTest::assertExists);
      } else if (inTable && line.isBlank()) {
        inTable = false;
      }
    }
    assertThat(rows).isGreaterThan(10);
  }

  private static List<Matcher> tests(String row) {
    List<Matcher> tests = new ArrayList<>();
    Matcher test = TEST.matcher(row);
    while (test.find()) {
      Matcher found = TEST.matcher(test.group());
      assertThat(found.matches()).isTrue();
      tests.add(found);
    }
    return tests;
  }

  private static void assertExists(Matcher test) {
    String inner = test.group(2).replace('.', '$');
    for (String folder : List.of("", "link.")) {
      try {
        Class<?> type = Class.forName("io.refmesh.toxiproxy." + folder + test.group(1) + inner);
        assertThat(Arrays.stream(type.getDeclaredMethods()).map(method -> method.getName()))
            .contains(test.group(3));
        return;
      } catch (ClassNotFoundException elsewhere) {
        // Tests of stages are in the package of stages.
      }
    }
    throw new AssertionError("no such test class: " + test.group());
  }
}
