package io.refmesh.toxiproxy.json;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonWriterTest {

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "0.2, 0.2",
    "7, 7",
    "-0.5, -0.5",
    "0.0000001, 1e-7",
    "1e21, 1e+21",
    "0.1234567890123, 0.12345679",
    "123456789, 123456790",
    "-0.0, -0",
    "0, 0",
    "1.5e-10, 1.5e-10"
  })
  void floatsAreWrittenAsGoWritesThem(float value, String text) {
    assertThat(new JsonWriter().number(value)).hasToString(text);
  }

  @Test
  void stringsEscapeWhatHtmlCouldRead() {
    assertThat(new JsonWriter().string("<&>\u2028é\u0007\b\f\"\\\n"))
        .hasToString("\"\\u003c\\u0026\\u003e\\u2028é\\u0007\\b\\f\\\"\\\\\\n\"");
  }
}
