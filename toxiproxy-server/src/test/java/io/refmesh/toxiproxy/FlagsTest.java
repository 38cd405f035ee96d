package io.refmesh.toxiproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlagsTest {

  @Test
  void defaultsAreThoseOfTheOriginal() {
    assertThat(Flags.parse(List.of()))
        .isEqualTo(
            new Flags("localhost", 8474, Optional.empty(), OptionalLong.empty(), false, false));
  }

  @Test
  void oneOrTwoDashesAndSpaceOrEqualsSignAreTheSame() {
    Flags flags =
        new Flags(
            "0.0.0.0", 0, Optional.of(Path.of("proxies.json")), OptionalLong.of(-7), false, false);
    assertThat(
            Flags.parse(
                List.of("-host", "0.0.0.0", "-port=0", "--config", "proxies.json", "--seed=-7")))
        .isEqualTo(flags);
  }

  @Test
  void versionAndHelpNeedNoValue() {
    assertThat(Flags.parse(List.of("-version")).version()).isTrue();
    assertThat(Flags.parse(List.of("--help")).help()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          -port 70000       | flag -port: 70000 (expected: a number from 0 to 65535)
          -port x           | flag -port: x (expected: a number from 0 to 65535)
          -seed 1.5         | flag -seed: 1.5 (expected: a number from -9223372036854775808 to 9223372036854775807)
          -host             | flag -host has no value (expected: -host VALUE)
          -proxy-metrics    | unknown flag: -proxy-metrics (expected: see -help)
          serve             | unexpected argument: serve (expected: a flag, see -help)
          """)
  void mistakesAreNamed(String arguments, String message) {
    assertThatThrownBy(() -> Flags.parse(List.of(arguments.split(" ")))).hasMessage(message);
  }
}
