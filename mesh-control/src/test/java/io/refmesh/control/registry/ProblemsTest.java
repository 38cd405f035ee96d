package io.refmesh.control.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.testkit.Golden;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What users are told about mistakes: each YAML file beside the problems it gives. */
class ProblemsTest {

  private static final Path FOLDER = Path.of("src/test/resources/golden/problems");

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  @Acceptance(121)
  void saysWhereTheMistakeIsAndWhatWasExpected(Path file) throws IOException {
    ParseResult result = ResourceParser.parse(file, Files.readString(file));

    assertThat(result.problems()).isNotEmpty();
    Golden.assertMatches(
        Path.of(file.toString().replace(".yaml", ".problems")),
        result.problems().stream()
            .map(Problem::toString)
            .collect(Collectors.joining("\n", "", "\n")));
  }
}
