package io.refmesh.toxiproxy.json;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.toxiproxy.json.JsonValue.JsonNumber;
import io.refmesh.toxiproxy.json.JsonValue.JsonObject;
import io.refmesh.toxiproxy.json.JsonValue.JsonString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonParserTest {

  private static JsonValue parse(String text) throws JsonException {
    return JsonParser.parse(text.getBytes(UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      textBlock =
          """
          {name:1}       ~ invalid character 'n' looking for beginning of object key string
          {'name':1}     ~ invalid character '\\'' looking for beginning of object key string
          {"name":"a",}  ~ invalid character '}' looking for beginning of object key string
          {"a":1 "b":2}  ~ invalid character '"' after object key:value pair
          {"a" 1}        ~ invalid character '1' after object key
          [1,]           ~ invalid character ']' looking for beginning of value
          [1 2]          ~ invalid character '2' after array element
          trux           ~ invalid character 'x' in literal true (expecting 'e')
          nul}           ~ invalid character '}' in literal null (expecting 'l')
          -x             ~ invalid character 'x' in numeric literal
          1.x            ~ invalid character 'x' after decimal point in numeric literal
          1ex            ~ invalid character 'x' in exponent of numeric literal
          {"a":01}       ~ invalid character '1' after object key:value pair
          {"a":"\\q"}    ~ invalid character 'q' in string escape code
          "\\u12g"       ~ invalid character 'g' in \\u hexadecimal character escape
          #              ~ invalid character '#' looking for beginning of value
          é              ~ invalid character 'Ã' looking for beginning of value
          """)
  void refusesInTheWordsOfGo(String body, String words) {
    assertThatThrownBy(() -> parse(body)).isInstanceOf(JsonException.class).hasMessage(words);
  }

  @Test
  void controlCharactersInStringsAreNamed() {
    assertThatThrownBy(() -> parse("\"\n\""))
        .hasMessage("invalid character '\\n' in string literal");
    assertThatThrownBy(() -> parse("\"\u0001\""))
        .hasMessage("invalid character '\\x01' in string literal");
    assertThatThrownBy(() -> JsonParser.parse("\u00ff".getBytes(ISO_8859_1)))
        .hasMessage("invalid character 'ÿ' looking for beginning of value");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  \n"})
  void nothingIsAnEnd(String body) {
    assertThatThrownBy(() -> parse(body)).hasMessage("EOF");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "[",
        "[1",
        "tru",
        "-",
        "1.",
        "1e",
        "\"abc",
        "\"\\",
        "\"\\u1"
      })
  void halfAValueIsAnUnexpectedEnd(String body) {
    assertThatThrownBy(() -> parse(body)).hasMessage("unexpected EOF");
  }

  @Test
  void whateverFollowsTheFirstValueIsIgnored() throws JsonException {
    assertThat(parse("{} x")).isEqualTo(new JsonObject(java.util.List.of()));
    assertThat(parse("01")).isEqualTo(new JsonNumber("0"));
    assertThat(parse("12x")).isEqualTo(new JsonNumber("12"));
  }

  @Test
  void escapesAreResolvedAndLoneSurrogatesReplaced() throws JsonException {
    assertThat(parse("\"\\u00e9\\n\\/\\ud83d\\ude00\\ud800x é\""))
        .isEqualTo(new JsonString("é\n/😀\ufffdx é"));
  }

  @Test
  void deepNestingIsRefusedBeforeTheStackEnds() {
    assertThatThrownBy(() -> parse("[".repeat(100_000))).hasMessage("exceeded max depth");
  }
}
