package io.refmesh.toxiproxy.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostPortTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          nope            | address nope: missing port in address
          a:b:c           | address a:b:c: too many colons in address
          ::1:80          | address ::1:80: too many colons in address
          [::1            | address [::1: missing ']' in address
          [::1]x:5        | address [::1]x:5: missing port in address
          [a]:b]:5        | address [a]:b]:5: too many colons in address
          a]:5            | address a]:5: unexpected ']' in address
          a[:5            | address a[:5: unexpected '[' in address
          127.0.0.1:99999 | address 99999: invalid port
          127.0.0.1:-1    | address -1: invalid port
          127.0.0.1:foo   | lookup tcp/foo: unknown port
          127.0.0.1:1e3   | lookup tcp/1e3: unknown port
          256.1.1.1:80    | lookup 256.1.1.1: no such host
          1.2.3:80        | lookup 1.2.3: no such host
          """)
  void refusesInTheWordsOfGo(String text, String words) {
    assertThatThrownBy(() -> HostPort.parse(text).resolvedText())
        .isInstanceOf(Refusal.class)
        .hasMessage(words);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:80, 127.0.0.1:80",
    "localhost:80, 127.0.0.1:80",
    "[::1]:5, [::1]:5",
    "[127.0.0.1]:0, 127.0.0.1:0",
    ":8080, :8080",
    "'', :0",
    "'127.0.0.1:', 127.0.0.1:0",
    "127.0.0.1:007, 127.0.0.1:7",
    "127.0.0.1:+5, 127.0.0.1:5"
  })
  void resolvesAsGoDoes(String text, String resolved) throws Refusal {
    assertThat(HostPort.parse(text).resolvedText()).isEqualTo(resolved);
  }

  @Test
  void namesGiveIpv4First() throws Refusal {
    assertThat(HostPort.parse("localhost:1").resolve().getFirst().getAddress().getAddress())
        .hasSize(4);
  }
}
